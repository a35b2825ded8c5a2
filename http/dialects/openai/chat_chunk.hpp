/// @file
/// What one piece of a chat's answer says: a whole `chat.completion`, or one chunk of a stream. All
/// dialects are translated by way of it (OpenAI, API reference, "Chat Completions").
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace synapse::http::openai {

/// A call of a function, or what a chunk adds to one.
struct call_part {
  std::size_t index = 0;      ///< of the call in the answer
  std::string_view id;        ///< empty: not told here
  std::string_view name;      ///< likewise
  std::string_view arguments; ///< a string that is JSON, or a piece of one; empty: nothing
};

/// Of its choice of index 0, whatever others there are. Views are into the text: strings with their
/// quotes, as spelled; empty where there is none, or null, or an empty string.
struct chat_chunk {
  std::string_view id;
  std::string_view model;
  std::int64_t created = 0; ///< seconds since 1970; 0: not told
  std::string_view role;
  std::string_view content;
  std::string_view reasoning; ///< `reasoning_content`, or `reasoning` where that is not
  std::string_view refusal;
  boost::container::small_vector<call_part, 2> calls;
  std::string_view finish_reason;
  /// The text that ended it, of vLLM (`stop_reason`) and SGLang (`matched_stop`).
  std::string_view matched_stop;
  /// By a usage; where there is none by llama.cpp's `timings`, which come with its last choice.
  std::int64_t prompt_tokens = -1; ///< cached ones too; -1: not told
  std::int64_t completion_tokens = -1;
  std::int64_t cached_tokens = -1;    ///< of the prompt's
  std::int64_t reasoning_tokens = -1; ///< of the completion's
  bool has_choice = false;            ///< there is a choice of index 0
};

/// Reads a chunk, or a whole answer: `delta` and `message` count alike, and a completion's `text`
/// is its content. Does not allocate, once the thread has its parser.
/// @param json of an event's data, or a body. @returns nothing when it is no JSON object, or what
/// its choice says is not what it is called: a content that is a number, a call without a function
std::optional<chat_chunk> read_chat_chunk(std::string_view json);

} // namespace synapse::http::openai
