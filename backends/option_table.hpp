#pragma once

#include "backends/options.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace synapse::backends {

/// What is gathered from the options before the services are put together.
struct gathered_options {
  /// Where a service listens, and what it does wrong.
  struct place {
    std::optional<std::uint16_t> port; ///< none: it does not run
    std::vector<misbehavior> wrong;
  };

  command_line result;
  std::map<std::string, place> places = usual_places(); ///< by the services' names
  llama_embed_options embed;
  llama_router_options router;
  chatterbox_options chatterbox;
  whisper_options whisper;
  pyannote_options pyannote;
  deepfilter_options deepfilter;
  ollama_options ollama;
  vllm_options vllm;
  speaches_options speaches;
  piper_options piper;
  std::optional<double> ollama_speed; ///< tokens per second; none: as the chat server's
  std::optional<double> vllm_speed;
  engine_programs programs;
  unverified_shape shape;

  /// @returns every service on its usual port; the stand-ins, which are asked for, have none.
  static std::map<std::string, place> usual_places();
};

/// One option of the command line.
struct option_row {
  std::string name;
  std::string value; ///< name of the value in the help, empty for a switch
  std::string help;
  /// Takes the value in; returns a sentence if it is a bad one.
  std::function<std::string(gathered_options&, const std::string&)> read;
};

/// @returns every option, in the order of the help.
std::vector<option_row> all_options();

/// @returns the part of them that is about speech and audio.
std::vector<option_row> speech_options();

/// @returns the part of them that is about the stand-ins of Ollama, vLLM, Speaches and Piper.
std::vector<option_row> standin_options();

/// Reads a port or `off`. @returns a sentence if it is neither.
std::string read_port(const std::string& text, std::optional<std::uint16_t>& into);

/// Reads a whole number. @returns a sentence if it is none in the range.
std::string read_count(const std::string& text, std::size_t& into, std::size_t least,
                       std::size_t most);

/// Reads a number of milliseconds, up to a day. @returns a sentence if it is none.
std::string read_ms(const std::string& text, std::chrono::milliseconds& into);

} // namespace synapse::backends
