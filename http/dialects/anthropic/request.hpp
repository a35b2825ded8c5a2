/// @file
/// Requests of Anthropic's Messages API ↔ OpenAI's chats: who speaks the one is served by whoever
/// speaks the other (docs.claude.com, API reference, "Messages").
///
/// `body` is always the whole text of a request that `inspect_json` has accepted; of any other text
/// nothing useful comes, but nothing outside of it is read. Texts, numbers and schemas stay as the
/// client spelled them. Pure functions, any thread.
#pragma once

#include "http/dialects/unfit.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace synapse::http::anthropic {

/// The body that a backend gets.
struct made_request {
  std::string body;
  /// Names of fields that the answer will not heed; each once, in no particular order.
  std::vector<std::string_view> lossy;
  bool stream = false;        ///< asked for
  bool include_usage = false; ///< the client wants the counts, where that is for it to say
};
using made_or_unfit = std::variant<made_request, unfit>;

/// How a chat is asked for what OpenAI's own API has no words for.
struct chat_form {
  /// Whether `chat_template_kwargs` may say that a model is to think or not: llama.cpp, vLLM and
  /// SGLang read them, OpenAI's own servers refuse them.
  bool template_hints = true;
};

/// POST /v1/messages → POST /v1/chat/completions. A member `synapse` goes along, since it is for
/// the gateway. Of a streamed answer the counts are always asked for.
///
/// What becomes of a message: its tool results are messages of the role `tool` in front of the rest
/// of it, and their images the beginning of that rest; thinking of earlier turns is left out.
made_or_unfit messages_request_to_chat(std::string_view body, const chat_form& form = {});

/// POST /v1/messages/count_tokens → the chat whose prompt is to be counted.
made_or_unfit count_request_to_chat(std::string_view body, const chat_form& form = {});

/// What the gateway says in a request to an Anthropic backend.
struct call_settings {
  std::string_view model;         ///< as the server knows it
  std::int64_t max_tokens = 4096; ///< of a request that names no limit: there has to be one
  /// How much a model is to think is a number of tokens, as models before Claude 4.6 have it; newer
  /// ones refuse that and know words for it.
  bool thinks_by_budget = false;
};

/// POST /v1/chat/completions → POST /v1/messages
made_or_unfit chat_request_to_messages(std::string_view body, const call_settings& settings);

} // namespace synapse::http::anthropic
