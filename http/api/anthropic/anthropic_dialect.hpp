/// @file
/// Clients of Anthropic's Messages API.
#pragma once

#include "http/api/llm/client_dialect.hpp"
#include "http/dialects/anthropic/answer_words.hpp"

#include <string>

namespace synapse::api {

/// Its requests go to Anthropic's own servers as they are but for the model, to all others as chats
/// in OpenAI's dialect.
class anthropic_dialect final : public client_dialect {
public:
  /// @param exchange outlives this
  explicit anthropic_dialect(server::exchange& exchange) : ex_(exchange) {}

  llm_endpoint endpoint() const override { return {"/v1/chat/completions", routing::kind::chat}; }
  std::optional<refusal> read(std::string_view body, const http::json_inspection& seen,
                              std::string& into) override;
  std::unique_ptr<http::answer_translator> answer() override;
  bool is_native(config::backend_type type) const override;
  std::string_view native_fields() const override { return fields_; }
  void ask_natively(std::string_view model, proxy::own_request& into) override;
  std::unique_ptr<http::answer_translator> native_answer() override;

private:
  server::exchange& ex_;
  std::string theirs_; ///< as the client has sent it
  http::anthropic::answer_names names_;
  std::string fields_;
  bool stream_ = false;
};

/// The field that such a server wants in every request, where the client has not said it.
inline constexpr std::string_view anthropic_version = "anthropic-version: 2023-06-01\r\n";

} // namespace synapse::api
