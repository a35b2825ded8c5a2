/// @file
/// What Piper's HTTP server is asked: texts to be spoken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace synapse::http::piper {

/// Which routes a server has: each replaced the one below it.
enum class generation : std::uint8_t {
  synthesize, ///< POST /synthesize with JSON
  root_json,  ///< POST / with the same JSON
  root_text,  ///< POST / with the text alone: there is one voice, and one speed
};

/// What the status of GET / tells about a server; it costs no synthesis. Nothing: it is none.
/// The newest has a page there, the one before only POST, the oldest misses the text.
std::optional<generation> generation_of(unsigned status_of_get_root) noexcept;

/// A text and how it is to be spoken.
struct speech {
  std::string text;
  std::string voice;    ///< one of its voices, see settle_voice; empty: its default one
  std::string speaker;  ///< name, of a voice that has several; empty: the default one
  std::string language; ///< code; empty: that of the voice
  double speed = 1;
  double length_scale = 1;    ///< the voice's own: how long its sounds are
  std::string format = "wav"; ///< OpenAI's word for it, see openai_formats
};

/// A POST request.
struct call {
  std::string path;
  std::string content_type;
  std::string body;
};

/// Why it cannot be said to such a server; empty: it can. A text without words and an unknown voice
/// are not refused by the server: the former is a failure of its own, the latter silently spoken by
/// the default voice.
std::string problem_with(const speech& what, generation routes);

/// The request. What `problem_with` objects to is left out.
call call_of(const speech& what, generation routes);

} // namespace synapse::http::piper
