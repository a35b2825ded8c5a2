/// @file
/// The JSON objects that Ollama's answers to chats and prompts are made of, a line each.
#pragma once

#include "http/dialects/ollama/client/request.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::http::ollama::client {

/// What an answer says of itself and of the time it took.
struct answer_facts {
  std::string model;        ///< as the client is to read it: as it asked
  std::int64_t started = 0; ///< when the request came; nanoseconds since 1970
  /// The same clock, now; asked once for each line.
  std::function<std::int64_t()> now;
};

/// What a line says. Strings are JSON, as spelled; empty: nothing.
struct answer_line {
  std::string_view content;
  std::string_view thinking;
  std::string_view calls; ///< elements of `tool_calls`
};

/// What the last one says besides.
struct answer_end {
  std::string_view finish_reason; ///< OpenAI's, a JSON string; empty: not told
  std::int64_t prompt_tokens = -1;
  std::int64_t completion_tokens = -1;
};

/// Appends a point in time (RFC 3339, UTC) as Ollama spells it. @param ns nanoseconds since 1970,
/// from 1970 to 2262
void append_time(std::string& out, std::int64_t ns);

/// Writes the lines of one answer. Durations are measured here: of the prompt, until there is a
/// first line, and of the answer from then on. Where there is but one line only the total is known.
class answer_lines {
public:
  /// @param by chat or generate
  answer_lines(route by, answer_facts facts) : facts_(std::move(facts)), by_(by) {}

  void append(std::string& out, const answer_line& said);
  /// The last one, or the only one. No line break: see `append`
  void append_last(std::string& out, const answer_line& said, const answer_end& end);

private:
  void begin(std::string& out, const answer_line& said, std::int64_t now) const;

  answer_facts facts_;
  std::int64_t first_ = 0; ///< when the first line was made; 0: there was none
  route by_;
};

/// Appends the answer to a request that asks nothing of the model: see `load_only`.
void append_loaded(std::string& out, route by, const load_only& asked, const answer_facts& facts);

} // namespace synapse::http::ollama::client
