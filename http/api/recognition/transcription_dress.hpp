/// @file
/// Transcriptions and translations as the backends of a catalog are asked for them.
#pragma once

#include "http/api/deployments/deployment_dress.hpp"
#include "http/api/forms/late_answer.hpp"
#include "http/api/forms/upload_form.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::api {

/// The client's form, written anew for each backend while it arrives. As long as all that was read
/// of it is kept, another backend can be asked. On the exchange's thread.
class transcription_dress final : public deployment_dress {
public:
  /// @param boundary, body of the form; outlive this
  transcription_dress(server::exchange& exchange, std::string_view boundary, upload_body& body);

  std::optional<refusal> dress(const attempt_place& where,
                               proxy::forward_options& options) override;
  bool has_to_prepare(const attempt_place& where) const override;
  net::task<void> prepare(attempt_place where, preparation& into) override;
  std::optional<error_reading> read(const attempt_place& where,
                                    const proxy::collected_answer& answer) override;
  bool replayable(bool /*body_kept*/) const override { return body_.is_kept(); }

  /// Why the form was refused while it went out.
  const refusal& form_fault() const { return form_->why(); }

private:
  bool translates() const;
  std::string value_of(const upload_form& form, std::string_view name) const;
  http::form_fields fields_for(const upload_form& form, std::optional<refusal>& why) const;
  http::form_fields whole_form(const upload_form& form) const;
  http::openai::transcription_wishes wishes() const;
  std::string target_for(const attempt_place& where) const;
  std::unique_ptr<http::answer_translator> make_answer();

  server::exchange& ex_;
  std::string_view boundary_;
  upload_body& body_;
  // of the present attempt
  const routing::deployment* deployment_ = nullptr;
  config::backend_type type_ = config::backend_type::faster_whisper;
  std::string model_;
  std::string fields_;
  bool events_ = false; ///< asked for in the backend's own form
  std::unique_ptr<upload_form> form_;
  std::optional<late_answer> answer_;
  proxy::own_request request_;
};

} // namespace synapse::api
