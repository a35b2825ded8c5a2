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
  engine_programs programs;
  unverified_shape shape;

  /// @returns every service on its usual port.
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

/// Reads a number of milliseconds, up to a day. @returns a sentence if it is none.
std::string read_ms(const std::string& text, std::chrono::milliseconds& into);

} // namespace synapse::backends
