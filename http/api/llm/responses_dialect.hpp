/// @file
/// Clients of OpenAI's Responses.
#pragma once

#include "http/api/llm/client_dialect.hpp"
#include "http/dialects/openai/responses/answer_frame.hpp"

#include <string>

namespace synapse::api {

/// Its requests go to all backends as chats. Nothing is kept of them.
class responses_dialect final : public client_dialect {
public:
  /// @param exchange outlives this
  explicit responses_dialect(server::exchange& exchange) : ex_(exchange) {}

  llm_endpoint endpoint() const override { return {"/v1/chat/completions", routing::kind::chat}; }
  std::optional<refusal> read(std::string_view body, const http::json_inspection& seen,
                              std::string& into) override;
  std::unique_ptr<http::answer_translator> answer() override;

private:
  server::exchange& ex_;
  http::openai::responses::answer_frame frame_;
  bool stream_ = false;
};

} // namespace synapse::api
