/// @file
/// What a Speaches says that it has: models and voices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http::speaches {

/// Bounds of what is taken from a server's answers.
inline constexpr std::size_t max_list_bytes = 8 * 1024 * 1024;
inline constexpr std::size_t max_models = 1000;
inline constexpr std::size_t max_voices = 500; ///< of one model, or of the list of voices
inline constexpr std::size_t max_languages = 200;
inline constexpr std::size_t max_name_bytes = 256;

enum class model_kind : std::uint8_t {
  other, ///< neither, or not told
  speech,
  transcription,
};

struct voice {
  std::string name;
  std::string language; ///< such as en-us; empty: not told
};

struct model {
  std::string id; ///< has a slash in it
  model_kind kind = model_kind::other;
  std::vector<std::string> languages; ///< codes; empty: not told
  std::uint32_t sample_rate = 0;      ///< of speech; 0: not told
  std::vector<voice> voices;          ///< of speech; empty: not told
};

/// What of a list can be used.
struct model_list {
  std::vector<model> models;
  std::size_t omitted = 0; ///< entries besides: too many, named before, or none of that kind
  std::string fault;       ///< why the first of them was left out; empty: none was
};
struct voice_list {
  std::vector<voice> voices;
  std::size_t omitted = 0;
  std::string fault;
};

/// The answer to GET /v1/models or GET /v1/audio/models: models that are installed, though not
/// always in memory. @returns nothing with `problem` set when it is none.
std::optional<model_list> parse_models(std::string_view body, std::string& problem);

/// The answer to GET /v1/audio/voices: those of all models for speech, each name once.
std::optional<voice_list> parse_voices(std::string_view body, std::string& problem);

} // namespace synapse::http::speaches
