/// @file
/// Chats, completions and embeddings as the backends of a catalog are asked for them.
#pragma once

#include "http/api/deployments/deployment_dress.hpp"
#include "http/api/llm/catalog_request.hpp"
#include "http/core/json/json_body.hpp"
#include "http/dialects/answer_translator.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "http/proxy/translation.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// The client's own bytes but for the model, where the backend speaks OpenAI's dialect; its native
/// request where that is better.
class llm_dress final : public deployment_dress {
public:
  /// @param call outlives this. @param view of the same body @param text_bytes of the prompt
  llm_dress(server::exchange& exchange, const llm_call& call, const http::chat_view& view,
            std::size_t text_bytes);
  ~llm_dress() override;

  std::optional<refusal> dress(const attempt_place& where,
                               proxy::forward_options& options) override;
  bool has_extras(const attempt_place& where) const override;
  std::string answer_fields() const override { return lossy_; }
  std::int64_t tokens_in() const override;
  std::int64_t tokens_out() const override;

private:
  std::string_view edit(const attempt_place& where);
  std::string_view fill(const attempt_place& where, std::string& into) const;
  std::optional<refusal> ask_ollama(const attempt_place& where, proxy::forward_options& options);
  std::optional<refusal> ask_anthropic(const attempt_place& where, proxy::forward_options& options);
  void lose(const std::vector<std::string_view>& names);
  std::int64_t context_of(const attempt_place& where) const;
  void ask_openai(const attempt_place& where, proxy::forward_options& options);
  void ask_natively(const attempt_place& where, proxy::forward_options& options);
  void answer_in_dialect(proxy::forward_options& options);

  server::exchange& ex_;
  const llm_call& call_;
  const http::json_inspection& body_;
  const http::chat_view& view_;
  routing::kind what_;
  std::size_t text_bytes_;
  std::string edited_;
  std::string target_;
  std::string fields_;
  std::string lossy_;
  proxy::own_request native_;
  std::unique_ptr<http::answer_translator> answer_;  ///< from the backend's dialect into OpenAI's
  std::unique_ptr<http::answer_translator> clients_; ///< into the client's dialect
  std::unique_ptr<http::answer_translator> both_;    ///< one after the other
};

} // namespace synapse::api
