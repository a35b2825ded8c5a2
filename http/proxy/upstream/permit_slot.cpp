#include "http/proxy/upstream/permit_slot.hpp"

#include <algorithm>

namespace synapse::proxy {

using actors::attempt_result;
using actors::deny_reason;
using http::response_detail;

namespace {
/// Why a lane says no, to clients and metrics.
struct denial_row {
  telemetry::permit_denial counted;
  response_detail detail;
  std::string_view before; ///< the backend's name
  std::string_view behind;
};

denial_row row_of(deny_reason reason) noexcept {
  switch (reason) {
  case deny_reason::overflow:
    return {telemetry::permit_denial::queue_full, response_detail::upstream_overflow,
            "too many requests wait for backend ", ""};
  case deny_reason::queue_timeout:
    return {telemetry::permit_denial::queue_timeout, response_detail::upstream_queue_timeout,
            "no free slot at backend ", " within the time limit"};
  case deny_reason::no_address:
    return {telemetry::permit_denial::no_address, response_detail::upstream_connection_failure,
            "the host name of backend ", " does not resolve"};
  case deny_reason::retired:
    return {telemetry::permit_denial::draining, response_detail::draining, "backend ",
            " is being reconfigured"};
  default:
    return {telemetry::permit_denial::breaker_open, response_detail::no_healthy_upstream,
            "backend ", " is taken out of service after repeated failures"};
  }
}
} // namespace

bool permit_slot::take() {
  asked_ = net::io_thread::recent();
  {
    // The lane lives on this thread: it has its say at the end of this scope.
    actors::io_unit::burst at_once{call_.ex.owner().unit};
    actors::permit_request wanted{number_, asked_, false, call_.options.cell};
    wanted.at_once = call_.options.permit_wait == 0;
    question_.ask(call_.ex.actor(), call_.site->lane, wanted);
  }
  return question_.done() && accept();
}

bool permit_slot::accept() {
  const auto& answer = question_.answer();
  if (!answer || !answer->granted)
    return false;
  permit_ = *answer;
  held_ = true;
  call_.ex.record().permitted = net::io_thread::recent();
  call_.metrics.in_flight.increment();
  call_.metrics.permit_wait.observe_ns(net::io_thread::recent() - asked_);
  return true;
}

net::task<step> permit_slot::await() {
  bool queued = false;
  const auto wait = call_.options.permit_wait.value_or(0); // 0: its answer does not wait
  const auto due = sooner(wait == 0 ? 0 : asked_ + wait, call_.options.deadline);
  while (!question_.done()) {
    if (call_.ex.given_up()) {
      caf::anon_send(call_.site->lane, actors::permit_abandoned(number_));
      if (queued)
        call_.metrics.waiting.decrement();
      co_return call_.leave(telemetry::request_phase::permit);
    }
    if (!queued) {
      queued = true;
      call_.metrics.waiting.increment();
    }
    if (passed(due)) {
      caf::anon_send(call_.site->lane, actors::permit_abandoned(number_));
      spilled_ = true;
      break;
    }
    co_await call_.wait(due);
  }
  if (queued)
    call_.metrics.waiting.decrement();
  if (!spilled_ && accept())
    co_return step::done;
  call_.metrics.permit_wait.observe_ns(net::io_thread::recent() - asked_);
  co_return step::failed;
}

deny_reason permit_slot::reason() {
  if (spilled_)
    return deny_reason::queue_timeout;
  const auto& answer = question_.answer();
  return answer ? answer->reason : deny_reason::retired;
}

std::uint32_t permit_slot::retry_after_ms() {
  return spilled_ || !question_.answer() ? 0 : question_.answer()->retry_after_ms;
}

denial permit_slot::why() {
  const auto& answer = question_.answer();
  if (!answer) // the lane has ended: its backend is being replaced
    return {response_detail::draining, "the backend is being reconfigured", 1};
  const auto row = row_of(answer->reason);
  call_.metrics.permits_denied[row.counted].increment();
  return {row.detail, std::string{row.before} + call_.settings.name + std::string{row.behind},
          std::max(1U, (answer->retry_after_ms + 999) / 1000)};
}

void permit_slot::give_back(attempt_result result) {
  if (!held_)
    return;
  held_ = false;
  call_.metrics.in_flight.decrement();
  if (result == attempt_result::ok && !permit_.urgent) {
    call_.site->outcomes->add(number_);
    return;
  }
  // In the order in which things happened: a success before this failure ends the series before it.
  call_.site->outcomes->flush();
  actors::io_unit::burst at_once{call_.ex.owner().unit};
  caf::anon_send(call_.site->lane, actors::outcome(number_, result));
}

void permit_slot::tell_head() {
  if (permit_.probe)
    caf::anon_send(call_.site->lane, actors::outcome(number_, attempt_result::head_received));
}

} // namespace synapse::proxy
