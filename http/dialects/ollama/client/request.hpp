/// @file
/// What clients of Ollama's own routes ask for, as requests in OpenAI's form: for backends of any
/// other type.
///
/// `body` is always the whole text of a request that `inspect_json` has accepted; of any other text
/// nothing useful comes, but nothing outside of it is read. Texts, numbers, schemas and the
/// arguments of calls stay as the client spelled them. Pure functions, any thread.
#pragma once

#include "http/dialects/ollama/answer_parts.hpp"
#include "http/dialects/ollama/request.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace synapse::http::ollama::client {

/// By what the client asks, and so the form of its answer.
enum class route : std::uint8_t {
  chat,       ///< POST /api/chat
  generate,   ///< POST /api/generate
  embed,      ///< POST /api/embed
  embeddings, ///< POST /api/embeddings, of old
};

/// A request with a body of JSON, by POST. `model` is as the client spelled it; a stream is asked
/// for its counts.
struct openai_call {
  std::string_view path;
  std::string body;
  /// Names of fields that the answer will not heed; each once, in no particular order.
  std::vector<std::string_view> lossy;
  bool stream = false; ///< the client gets lines of JSON, else one object
  /// Of what comes back. A prompt is asked as a chat, so that the model's template is applied to
  /// it, as Ollama does; one that is raw, or has a suffix, as a completion.
  answer_kind kind = answer_kind::chat;
  std::size_t inputs = 0; ///< how many embeddings are wanted
};

/// No message, prompt or input: the model is to be loaded (or let go), and nothing is asked of it.
/// What is answered: see `append_loaded`.
struct load_only {
  bool unload = false; ///< `keep_alive` is 0
};

using request = std::variant<openai_call, load_only, unfit>;

request request_of(route by, std::string_view body);

/// `{"error": …}`: the body of an error, and a stream's last line.
std::string error_body(std::string_view text);
std::string error_body(const unfit& why);
/// The same of an error in whichever form a backend, or the gateway, has told it.
std::string error_body_of(std::string_view body);
/// What Ollama says (with 404) of a model that it has not got.
std::string unknown_model(std::string_view model);

} // namespace synapse::http::ollama::client
