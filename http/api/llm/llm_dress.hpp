/// @file
/// Chats, completions and embeddings as the backends of a catalog are asked for them.
#pragma once

#include "http/api/deployments/deployment_dress.hpp"
#include "http/core/json/json_body.hpp"
#include "http/dialects/answer_translator.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "http/proxy/translation.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace synapse::api {

/// The client's own bytes but for the model, where the backend speaks OpenAI's dialect; its native
/// request where that is better.
class llm_dress final : public deployment_dress {
public:
  /// @param body of the exchange, inspected. Outlives this. @param what chat, completions or
  /// embeddings @param view of the same body @param text_bytes of the prompt
  llm_dress(server::exchange& exchange, const http::json_inspection& body,
            const http::chat_view& view, routing::kind what, std::size_t text_bytes);
  ~llm_dress() override;

  std::optional<refusal> dress(const attempt_place& where,
                               proxy::forward_options& options) override;
  bool has_extras(const attempt_place& where) const override;
  std::string answer_fields() const override { return lossy_; }
  std::int64_t tokens_in() const override;
  std::int64_t tokens_out() const override;

private:
  class native_answer;
  std::string_view edit(const attempt_place& where);
  std::string_view fill(const attempt_place& where, std::string& into) const;
  std::optional<refusal> ask_ollama(const attempt_place& where, proxy::forward_options& options);
  std::int64_t context_of(const attempt_place& where) const;
  void ask_openai(const attempt_place& where, proxy::forward_options& options);

  server::exchange& ex_;
  const http::json_inspection& body_;
  const http::chat_view& view_;
  routing::kind what_;
  std::size_t text_bytes_;
  std::string edited_;
  std::string target_;
  std::string fields_;
  std::string lossy_;
  proxy::own_request native_;
  std::unique_ptr<native_answer> answer_;
};

} // namespace synapse::api
