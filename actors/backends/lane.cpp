#include "actors/backends/lane.hpp"

#include <algorithm>

namespace synapse::actors {

namespace {
/// Retry-After when no better estimate is known.
constexpr std::uint32_t retry_soon_ms = 1000;
} // namespace

lane::lane(caf::actor_config& config, io_unit& unit, backend_actor backend, std::uint32_t index)
    : pinned(config, unit), backend_(std::move(backend)), index_(index) {
  granted_.reserve(256);
}

lane_actor::behavior_type lane::make_behavior() {
  return {
      [this](const permit_request& request) { return on_request(request); },
      [this](const permit_abandoned& message) { on_abandoned(message); },
      [this](const outcome& message) { on_outcome(message); },
      [this](const completed& message) { on_completed(message); },
      [this](cell_report& report) { on_cell(report); },
      [this](lane_view& view) { on_view(view); },
      [this](const lease_answer& answer) { on_answer(answer); },
      [this](retire_atom) { on_retire(); },
  };
}

permit lane::grant(std::uint64_t request, granted how) {
  permit result;
  result.granted = true;
  result.probe = how.probe;
  result.cell_probe = how.cell_probe;
  result.urgent = how.counted || how.probe || view_.suspect;
  // Round robin over the addresses; each thread keeps its own turn.
  result.address = view_.addresses[next_address_++ % view_.addresses.size()];
  granted_.emplace(request, how);
  return result;
}

permit lane::deny(deny_reason reason, std::uint32_t retry_after_ms) const {
  permit result;
  result.reason = reason;
  result.retry_after_ms = retry_after_ms;
  return result;
}

caf::result<permit> lane::on_request(const permit_request& request) {
  if (retired_)
    return deny(deny_reason::retired, retry_soon_ms);
  if (view_.state == circuit::open) {
    const auto left = (view_.open_until - request.now) / 1'000'000;
    return deny(deny_reason::circuit_open,
                static_cast<std::uint32_t>(std::max<time_ns>(left, retry_soon_ms)));
  }
  if (view_.resolved && view_.addresses.empty())
    return deny(deny_reason::no_address, retry_soon_ms);
  const auto* cell = request.cell != 0 ? find_cell(request.cell) : nullptr;
  if (cell != nullptr && cell->state == circuit::open) {
    const auto left = (cell->open_until - request.now) / 1'000'000;
    return deny(deny_reason::deployment_out,
                static_cast<std::uint32_t>(std::max<time_ns>(left, retry_soon_ms)));
  }
  const bool tries_cell = cell != nullptr && cell->state == circuit::half_open;
  const bool probe = view_.state == circuit::half_open;
  const bool counted = view_.limited && !request.control;
  if (view_.resolved && !probe && !tries_cell) {
    if (!counted)
      return grant(request.request, {});
    if (idle_permits_ > 0 && !view_.recalled) {
      --idle_permits_;
      return grant(request.request, {.probe = false, .counted = true});
    }
  }
  auto promise = make_response_promise<permit>();
  const auto probed = tries_cell ? request.cell : 0;
  waiting_.emplace(request.request, waiter{promise, probed});
  // Before the first resolution the backend answers as soon as there are addresses.
  lease_request wanted{index_, request.request, probe, probed};
  wanted.at_once = request.at_once;
  send(backend_, wanted);
  return promise;
}

void lane::on_answer(const lease_answer& answer) {
  idle_permits_ += answer.spare;
  auto found = waiting_.find(answer.request);
  if (found == waiting_.end()) {
    // The asker has left meanwhile.
    if (answer.granted)
      decline(answer);
    return;
  }
  auto promise = std::move(found->second.promise);
  const auto cell = found->second.cell;
  waiting_.erase(found);
  if (!answer.granted) {
    if (answer.reason != deny_reason::deployment_out)
      give_back_probe(cell);
    promise.deliver(deny(answer.reason, answer.retry_after_ms));
  } else if (view_.addresses.empty()) {
    // A reload has moved the backend while the request waited for its permit.
    decline(answer);
    give_back_probe(cell);
    promise.deliver(deny(deny_reason::no_address, retry_soon_ms));
  } else {
    promise.deliver(
        grant(answer.request,
              {.probe = answer.probe, .counted = view_.limited, .cell_probe = cell != 0}));
  }
}

void lane::decline(const lease_answer& answer) {
  if (answer.probe)
    send(backend_, result_report(index_, attempt_result::canceled, true));
  if (view_.limited)
    give_back(1);
}

void lane::on_abandoned(const permit_abandoned& message) {
  if (const auto found = waiting_.find(message.request); found != waiting_.end()) {
    give_back_probe(found->second.cell);
    waiting_.erase(found);
    send(backend_, lease_abandon(index_, message.request));
  } else
    release(message.request, attempt_result::canceled);
}

void lane::on_outcome(const outcome& message) {
  if (message.result != attempt_result::head_received) {
    release(message.request, message.result);
    return;
  }
  const auto found = granted_.find(message.request);
  if (found != granted_.end() && found->second.probe)
    send(backend_, result_report(index_, message.result, true));
}

void lane::on_completed(const completed& message) {
  for (const auto request : message.requests)
    release(request, attempt_result::ok);
}

void lane::release(std::uint64_t request, attempt_result result) {
  const auto found = granted_.find(request);
  if (found == granted_.end())
    return;
  const auto how = found->second;
  granted_.erase(found);
  const bool success = result == attempt_result::ok;
  if (how.probe || (success && view_.suspect) || (!success && result != attempt_result::canceled))
    send(backend_, result_report(index_, result, how.probe));
  if (how.counted)
    give_back(1);
  end_if_idle();
}

const cell_view* lane::find_cell(std::uint64_t cell) const noexcept {
  for (const auto& one : view_.cells)
    if (one.cell == cell)
      return &one;
  return nullptr;
}

const lane& lane::behind(const lane_actor& handle) {
  return *static_cast<const lane*>(caf::actor_cast<caf::abstract_actor*>(handle));
}

void lane::listen(const lane_actor& handle, shut_listener listener) {
  auto& self = *static_cast<lane*>(caf::actor_cast<caf::abstract_actor*>(handle));
  self.on_shut_ = std::move(listener);
}

/// Both views have their cells in order.
void lane::tell_shut(const lane_view& next) const {
  auto before = view_.cells.begin();
  for (const auto& one : next.cells) {
    while (before != view_.cells.end() && before->cell < one.cell)
      ++before;
    const bool was_open =
        before != view_.cells.end() && before->cell == one.cell && before->state == circuit::open;
    if (one.state == circuit::open && !was_open)
      on_shut_(one.cell, one.why);
  }
}

void lane::on_cell(cell_report& report) {
  report.lane = index_;
  send(backend_, std::move(report));
}

void lane::give_back_probe(std::uint64_t cell) {
  if (cell == 0)
    return;
  cell_report report;
  report.lane = index_;
  report.cell = cell;
  report.probe = true;
  send(backend_, std::move(report));
}

void lane::give_back(std::uint32_t count) {
  if (!view_.limited || view_.recalled || view_.scarce || retired_)
    send(backend_, lease_return(index_, count));
  else
    idle_permits_ += count;
}

void lane::on_view(lane_view& view) {
  if (on_shut_)
    tell_shut(view);
  view_ = std::move(view);
  if ((view_.recalled || view_.scarce || !view_.limited) && idle_permits_ > 0)
    send(backend_, lease_return(index_, std::exchange(idle_permits_, 0)));
}

void lane::on_retire() {
  retired_ = true;
  for (auto& [request, one] : waiting_) {
    give_back_probe(one.cell);
    one.promise.deliver(deny(deny_reason::retired, retry_soon_ms));
    send(backend_, lease_abandon(index_, request));
  }
  waiting_.clear();
  end_if_idle();
}

void lane::on_exit() {
  // Lane and backend hold each other: one side lets go.
  backend_ = nullptr;
  waiting_.clear();
}

void lane::end_if_idle() {
  if (retired_ && granted_.empty())
    quit();
}

} // namespace synapse::actors
