#include "http/api/voices/voice_questions.hpp"

#include "actors/protocol/error.hpp"
#include "http/core/body/multipart.hpp"

namespace synapse::api {

using http::response_detail;

namespace {
constexpr std::size_t shown_voice_bytes = 200;
/// What the library says where there is nothing more to say.
constexpr std::string_view just_unknown = "there is no such voice";
} // namespace

refusal no_such_voice(std::string_view voice, std::string_view reason) {
  auto text = "Voice not found: " + http::shown_name(voice, shown_voice_bytes);
  if (!reason.empty() && reason != just_unknown)
    text.append(": ").append(reason);
  return {response_detail::voice_not_found, std::move(text), {}};
}

refusal refusal_of(const caf::error& error, std::string_view voice) {
  const auto text = actors::detail(error);
  if (error == actors::ec::voice_not_found)
    return no_such_voice(voice, text);
  if (error == actors::ec::invalid_voice)
    return {response_detail::bad_request, text, {}};
  if (error == actors::ec::storage_failed || error == actors::ec::upload_not_found)
    return {response_detail::storage_failed, text, {}};
  return {response_detail::draining, "the voice library is being restarted", {}};
}

} // namespace synapse::api
