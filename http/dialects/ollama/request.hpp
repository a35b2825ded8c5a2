/// @file
/// What an Ollama server is asked natively for OpenAI's chats, completions and embeddings. Its own
/// OpenAI routes know neither `num_ctx` nor `keep_alive`, cut a long prompt without a word and hide
/// errors inside a stream.
///
/// `body` is always the whole text of a request that `inspect_json` has accepted; of any other text
/// nothing useful comes, but nothing outside of it is read. Texts, numbers and schemas stay as the
/// client spelled them. Pure functions, any thread.
#pragma once

#include "http/dialects/unfit.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace synapse::http::ollama {

/// What the gateway says in a request, whatever the client does.
struct call_settings {
  std::string_view model;      ///< as the server knows it
  std::string_view keep_alive; ///< seconds, or a duration such as `10m`; empty: left to the server
  /// Tokens, the same in all requests for a model: another number makes the server load it again.
  /// 0: left to the server
  std::uint32_t num_ctx = 0;
};

/// A request with a body of JSON, by POST.
struct native_call {
  std::string_view path;
  std::string body;
  /// Names of fields that the answer will not heed; each once, in no particular order.
  std::vector<std::string_view> lossy;
  bool base64 = false;    ///< embeddings are wanted so
  std::size_t inputs = 0; ///< how many embeddings are wanted
};

using http::unfit;

using native_request = std::variant<native_call, unfit>;

/// POST /v1/chat/completions → POST /api/chat
native_request chat_call(std::string_view body, const call_settings& settings);
/// POST /v1/completions → POST /api/generate
native_request completion_call(std::string_view body, const call_settings& settings);
/// POST /v1/embeddings → POST /api/embed
native_request embedding_call(std::string_view body, const call_settings& settings);

} // namespace synapse::http::ollama
