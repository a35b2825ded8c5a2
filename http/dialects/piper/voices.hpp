/// @file
/// The voices of a Piper server, and which of them a client means.
#pragma once

#include "http/dialects/piper/request.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http::piper {

/// Bounds of what is taken from a server's answers.
inline constexpr std::size_t max_list_bytes = 16 * 1024 * 1024; ///< a voice has some 8 KiB
inline constexpr std::size_t max_voices = 1000;
inline constexpr std::size_t max_speakers = 1000; ///< of one voice; the largest known has 904
inline constexpr std::size_t max_name_bytes = 256;

struct voice {
  std::string name;
  std::string language;          ///< code, such as en; empty: not told
  std::uint32_t sample_rate = 0; ///< 0: not told
  double length_scale = 1;
  std::vector<std::string> speakers; ///< names; empty: there is one
};

struct voice_list {
  std::vector<voice> voices;
  std::size_t omitted = 0; ///< voices that the answer has besides: too many, or no voices
};

/// The answer to GET /voices. @returns nothing with `problem` set when it is none.
/// The server cuts the letters o, n, x, j, s and points off the ends of names when it lists them.
std::optional<voice_list> parse_voices(std::string_view body, std::string& problem);

struct server_info {
  std::string default_voice;
  std::string language; ///< code, such as en; empty: not told
};
/// The answer to GET /info, which the newest servers have.
std::optional<server_info> parse_info(std::string_view body, std::string& problem);

/// Settles which of the server's voices speaks, before the server is asked: it speaks with its
/// default voice when it does not know the one that is named. OpenAI's stock voices mean any, in
/// the language that is wished.
/// @param default_voice of the server; empty: not known
/// @param what its voice becomes one that can be sent, and its length_scale that voice's
/// @returns a text for the client when there is no such voice or speaker; empty: settled.
std::string settle_voice(const voice_list& list, std::string_view default_voice, speech& what);

} // namespace synapse::http::piper
