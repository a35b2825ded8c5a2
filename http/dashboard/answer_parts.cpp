#include "http/dashboard/answer_parts.hpp"

#include "http/core/json/json_text.hpp"

namespace synapse::api {

net::task<void> reply_json(server::exchange& ex, nlohmann::ordered_json answer) {
  const auto body = http::dump(answer);
  co_await ex.reply(200, "application/json", body, "Cache-Control: no-store\r\n");
}

net::task<bool> ask_backends(server::exchange& ex, std::vector<actors::backend_snapshot>& states) {
  std::deque<actors::question<std::vector<actors::backend_snapshot>>> question(1);
  question.front().ask(ex.actor(), ex.routes()->snapshot->publisher, actors::snap_atom::value);
  const bool answered = co_await all_answered(ex, question);
  if (answered)
    states = std::move(*question.front().answer());
  co_return answered;
}

telemetry::health_sample last_of(const health_samples& all, const std::string& backend) {
  const auto found = all.find(backend);
  return found == all.end() || found->second.empty() ? telemetry::health_sample{}
                                                     : found->second.back();
}

const actors::backend_snapshot* find_state(const std::vector<actors::backend_snapshot>& states,
                                           std::string_view backend) {
  const auto found = std::find_if(states.begin(), states.end(),
                                  [backend](const auto& one) { return one.name == backend; });
  return found == states.end() ? nullptr : &*found;
}

backend_condition condition_of(const actors::backend_snapshot* state,
                               const telemetry::health_sample& last) {
  using telemetry::backend_health;
  if (state != nullptr && state->resolved && state->addresses.empty())
    return {to_string(backend_health::unhealthy), "the host name does not resolve"};
  if (state != nullptr && state->state == actors::circuit::open) {
    std::string reason{"circuit open"};
    if (state->last_failure != actors::attempt_result::ok) {
      reason += ", after: ";
      for (const char c : word_of(state->last_failure))
        reason += c == '_' ? ' ' : c;
    }
    // A check that fails says more than that requests have failed.
    if (last.health == backend_health::unhealthy && !last.reason.empty())
      reason += "; " + last.reason;
    return {to_string(backend_health::unhealthy), std::move(reason)};
  }
  if (last.health == backend_health::unknown)
    return {to_string(backend_health::unknown), "not checked yet"};
  auto reason = last.reason;
  if (state != nullptr && state->state == actors::circuit::half_open)
    reason += (reason.empty() ? "" : "; ") + std::string{"circuit half open: one request tries"};
  return {to_string(last.health), std::move(reason)};
}

std::string_view word_of(actors::circuit state) {
  return state == actors::circuit::closed      ? "closed"
         : state == actors::circuit::half_open ? "half_open"
                                               : "open";
}

std::string_view word_of(actors::attempt_result result) {
  switch (result) {
  case actors::attempt_result::connect_failure:
    return "connect_failure";
  case actors::attempt_result::connect_timeout:
    return "connect_timeout";
  case actors::attempt_result::reset_before_head:
    return "reset_before_head";
  case actors::attempt_result::reset_after_head:
    return "reset_after_head";
  case actors::attempt_result::response_timeout:
    return "response_timeout";
  case actors::attempt_result::bad_response:
    return "bad_response";
  case actors::attempt_result::bad_gateway:
    return "bad_gateway";
  default:
    return "ok";
  }
}

} // namespace synapse::api
