#include "http/handlers/voice_questions.hpp"

#include "actors/protocol/error.hpp"

namespace synapse::handlers {

using http::response_detail;

refusal refusal_of(const caf::error& error) {
  const auto text = actors::detail(error);
  if (error == actors::ec::voice_not_found)
    return {response_detail::voice_not_found, text, {}};
  if (error == actors::ec::invalid_voice)
    return {response_detail::bad_request, text, {}};
  if (error == actors::ec::storage_failed || error == actors::ec::upload_not_found)
    return {response_detail::storage_failed, text, {}};
  return {response_detail::draining, "the voice library is being restarted", {}};
}

} // namespace synapse::handlers
