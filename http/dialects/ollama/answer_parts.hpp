/// @file
/// What an Ollama server says, line by line or all at once, and the pieces that OpenAI's answers
/// are made of.
#pragma once

#include "http/dialects/answer_translator.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::ollama {

/// Which of OpenAI's answers is made.
enum class answer_kind : std::uint8_t {
  chat,       ///< of /api/chat: chat.completion
  completion, ///< of /api/generate: text_completion
};

/// What an answer says of itself, which no server of this type knows.
struct answer_names {
  std::string id;           ///< such as `chatcmpl-…`: no two answers have the same
  std::int64_t created = 0; ///< seconds since 1970
  std::string model;        ///< as the client is to read it
};

/// An error in a server's words.
struct reported_error {
  std::string text;    ///< for people; at most 4 KiB
  std::string type;    ///< of an engine's own error within, such as `exceed_context_size_error`
  unsigned status = 0; ///< HTTP's, where an engine's own error names one; else 0
};

/// Reads the body of an error, or a line of a stream that is one: `{"error": …}` as a text, as an
/// object, or as a text with the JSON of llama.cpp in it. Of anything else the text is the body.
reported_error read_error(std::string_view body);
/// The same for those who have to judge it.
std::optional<told_error> told_of(const std::optional<reported_error>& error);
/// The text alone.
std::string error_text(std::string_view body);

/// One JSON object of an answer. Views are into its text: strings with their quotes, as spelled.
struct answer_parts {
  std::string_view content;     ///< empty: nothing said
  std::string_view thinking;    ///< likewise
  std::string_view tool_calls;  ///< a list; empty: none
  std::string_view done_reason; ///< empty: not told
  bool any = false;             ///< there is a message, or a response
  bool done = false;
  bool error = false;              ///< it is none: see `read_error`
  bool load_only = false;          ///< the model was loaded or let go, and nothing asked of it
  std::int64_t prompt_tokens = -1; ///< -1: not told, as when all of the prompt was in the cache
  std::int64_t completion_tokens = -1;
};

/// @returns nothing when `text` is no JSON object that could be one of an answer's. Does not
/// allocate, once the thread has its parser.
std::optional<answer_parts> read_parts(std::string_view text, answer_kind kind);

/// The reason for OpenAI's clients. @param called a function was called
std::string_view finish_reason(const answer_parts& last, bool called) noexcept;

/// Appends the elements of OpenAI's `tool_calls`, with arguments as texts, and ids where the server
/// has none. @param first index of the first one @param indexed whether they say their index
/// @returns how many; nothing when one of them is no call
std::optional<std::size_t> append_calls(std::string& out, std::string_view tool_calls,
                                        const answer_names& names, std::size_t first, bool indexed);

/// Appends the object `usage`; what is not known counts as 0.
void append_usage(std::string& out, std::int64_t prompt, std::int64_t completion);

/// Whether the server has dropped the front of a prompt without a word. Never said of what could
/// have fitted: a server may count only what was not in its cache.
/// @param counted prompt tokens as it says; -1: not told
/// @param estimated tokens of the prompt, right within a quarter
/// @param context tokens that the model was loaded with; 0: unknown, so nothing can be said
bool is_truncated(std::int64_t counted, std::int64_t estimated, std::int64_t context) noexcept;

} // namespace synapse::http::ollama
