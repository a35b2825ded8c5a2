/// @file
/// What the dashboard's questions have in common.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "http/api/request/await_answer.hpp"
#include "http/server/exchange/exchange.hpp"
#include "telemetry/health_history.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// Actors of our own answer within milliseconds.
inline constexpr net::time_ns overview_patience = 5'000'000'000;

/// Answers with JSON that nobody may keep.
net::task<void> reply_json(server::exchange& exchange, nlohmann::ordered_json answer);

/// Waits until all questions are answered. @returns false when the client has left or somebody does
/// not answer: the client has its answer then.
template <class Questions>
net::task<bool> all_answered(server::exchange& ex, Questions& questions) {
  const auto answered = [&questions] {
    return std::all_of(questions.begin(), questions.end(),
                       [](const auto& one) { return one.done(); });
  };
  wait_rules rules;
  rules.due = net::io_thread::now() + overview_patience;
  rules.is_upstream = false;
  const auto end = co_await wait_until(ex, answered, rules);
  if (end == wait_end::left)
    co_return false;
  const bool good = end == wait_end::done &&
                    std::all_of(questions.begin(), questions.end(),
                                [](auto& one) { return static_cast<bool>(one.answer()); });
  if (!good)
    co_await ex.reply_error(http::response_detail::draining,
                            "a part of the gateway does not answer", 1);
  co_return good;
}

/// The state of all backends, from the router. @returns false when the client has its answer.
net::task<bool> ask_backends(server::exchange& exchange,
                             std::vector<actors::backend_snapshot>& states);

/// How a backend is, in one word and with the reason: the same for every page.
struct backend_condition {
  std::string_view status; ///< healthy, busy, unhealthy, unknown
  std::string reason;      ///< a sentence without a full stop; empty: there is nothing to say
};
/// @param state null: the router does not know it yet
backend_condition condition_of(const actors::backend_snapshot* state,
                               const telemetry::health_sample& last);

/// The samples of one backend; none where it has not been checked.
using health_samples = std::map<std::string, std::deque<telemetry::health_sample>>;
telemetry::health_sample last_of(const health_samples& all, const std::string& backend);
const actors::backend_snapshot* find_state(const std::vector<actors::backend_snapshot>& states,
                                           std::string_view backend);

std::string_view word_of(actors::circuit state);
/// `connect_failure` and the like.
std::string_view word_of(actors::attempt_result result);

} // namespace synapse::api
