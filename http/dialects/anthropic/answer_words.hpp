/// @file
/// Internal: the words for why an answer ended, and its counts, in both dialects.
#pragma once

#include "http/dialects/openai/chat_chunk.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http::anthropic {

/// What an answer says of itself, which no backend of the other dialect knows.
struct answer_names {
  std::string id;           ///< such as `msg_…` or `chatcmpl-…`: no two answers have the same
  std::int64_t created = 0; ///< seconds since 1970; of a chat's answer
  std::string model;        ///< as the client is to read it
};

/// The tokens of an answer; -1: not told.
struct token_usage {
  std::int64_t prompt = -1; ///< cached ones too
  std::int64_t cached = -1;
  std::int64_t written = -1; ///< to the cache, of the prompt's
  std::int64_t completion = -1;

  /// Takes what the chunk tells.
  void note(const openai::chat_chunk& chunk) noexcept;
  /// The same of an Anthropic `usage`. What is not named there stays.
  void note(std::string_view usage);
};

/// Appends Anthropic's object; what is not known counts as 0.
void append_message_usage(std::string& out, const token_usage& usage);
/// Appends OpenAI's object; what is not known counts as 0.
void append_chat_usage(std::string& out, const token_usage& usage);

/// Appends `"stop_reason":…,"stop_sequence":…`. A reason that has no word of theirs is null:
/// unknown.
/// @param reason OpenAI's, with its quotes; empty: none was told
/// @param matched the text that ended it, with its quotes; empty: none
/// @param called a function was called, whatever the reason says
void append_stop_reason(std::string& out, std::string_view reason, std::string_view matched,
                        bool called);
/// OpenAI's word, for Anthropic's with its quotes. @param called as above
std::string_view finish_reason_for(std::string_view stop_reason, bool called);

/// Part of an id that the ids of its calls are made of.
std::string_view tail_of(std::string_view id) noexcept;

} // namespace synapse::http::anthropic
