/// @file
/// Clients of Ollama's own API.
#pragma once

#include "http/api/llm/client_dialect.hpp"
#include "http/dialects/ollama/client/answer_lines.hpp"
#include "http/dialects/ollama/client/request.hpp"

#include <string>

namespace synapse::api {

/// Its requests go to Ollama servers as they are but for the model, to all others in OpenAI's
/// dialect.
class ollama_dialect final : public client_dialect {
public:
  /// @param exchange outlives this
  ollama_dialect(server::exchange& exchange, http::ollama::client::route by);

  llm_endpoint endpoint() const override;
  std::optional<refusal> read(std::string_view body, const http::json_inspection& seen,
                              std::string& into) override;
  std::string_view at_once() const override { return at_once_; }
  std::unique_ptr<http::answer_translator> answer() override;
  bool is_native(config::backend_type type) const override;
  void ask_natively(std::string_view model, proxy::own_request& into) override;
  std::unique_ptr<http::answer_translator> native_answer() override;

private:
  http::ollama::client::answer_facts facts() const;

  server::exchange& ex_;
  http::ollama::client::route by_;
  std::string theirs_; ///< as the client has sent it
  std::string model_;
  http::ollama::client::openai_call call_; ///< its body has gone on
  std::string at_once_;
};

} // namespace synapse::api
