#include "actors/backends/backend.hpp"

#include "actors/backends/backend_place.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>
#include <chrono>
#include <random>

namespace synapse::actors {

namespace {
constexpr std::uint32_t soon_ms = 1000;
/// A failed connection asks for new addresses, but not more often than this.
constexpr time_ns min_resolution_gap = 1'000'000'000;
constexpr time_ns min_tick_gap = 10'000'000;

/// Deployments that were shut together do not all try again together.
double jitter() {
  static thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{0.8, 1.2}(generator);
}

class backend_impl : public backend_actor::base {
public:
  backend_impl(caf::actor_config& config, config::backend_settings settings,
               const config::cell_settings& cells, resolver_actor resolver, backend_events events)
      : backend_actor::base(config),
        state_(this, std::move(settings), cells, std::move(resolver), std::move(events)) {
    set_down_handler([this](caf::down_msg& down) {
      // Lanes end when the backend was taken out of the configuration.
      if (state_.on_lane_down(down.source))
        quit();
    });
  }
  backend_actor::behavior_type make_behavior() override { return state_.make_behavior(); }
  const char* name() const override { return backend_state::name; }
  void on_exit() override { state_.let_go(); }

private:
  backend_state state_;
};
} // namespace

backend_actor spawn_backend(caf::actor_system& system, config::backend_settings settings,
                            resolver_actor resolver, backend_events events,
                            const config::cell_settings& cells) {
  return system.spawn<backend_impl>(std::move(settings), cells, std::move(resolver),
                                    std::move(events));
}

backend_state::backend_state(backend_actor::pointer self, config::backend_settings settings,
                             const config::cell_settings& cells, resolver_actor resolver,
                             backend_events events)
    : self_(self), settings_(std::move(settings)), resolver_(std::move(resolver)),
      events_(std::move(events)), breaker_(settings_.breaker), ledger_(settings_.concurrency),
      cells_(cells) {}

backend_actor::behavior_type backend_state::make_behavior() {
  view_.limited = ledger_.limited();
  view_.scarce = ledger_.scarce();
  resolve();
  return {
      [this](const lane_actor& lane, std::uint32_t index) { on_lane(lane, index); },
      [this](const lease_request& message) { on_lease_request(message); },
      [this](const lease_abandon& message) {
        std::erase_if(unresolved_, [&](const pending& p) {
          return p.lane == message.lane && p.request == message.request;
        });
        ledger_.abandon(message.lane, message.request);
        publish_if_recall_changed();
      },
      [this](const lease_return& message) {
        serve(ledger_.give_back(message.lane, message.count));
        publish_if_recall_changed();
      },
      [this](return_atom) { on_return(); },
      [this](away_atom) { on_away(); },
      [this](const peer_note& message) { on_peer_note(message); },
      [this](const peer_cell& message) { on_peer_cell(message); },
      [this](const result_report& message) { on_result(message); },
      [this](const cell_report& message) { on_cell(message); },
      [this](const settings_ptr& settings) { on_settings(settings); },
      [this](const resolution& message) { on_resolution(message); },
      [this](snap_atom) { return snapshot(); },
      [this](tick_atom) { on_tick(); },
  };
}

time_ns backend_state::now() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             self_->system().clock().now().time_since_epoch())
      .count();
}

// ---- lanes ----

void backend_state::on_lane(const lane_actor& lane, std::uint32_t index) {
  lanes_[index] = lane;
  ledger_.add_lane(index);
  self_->monitor(lane);
  self_->send(lane, view_);
}

void backend_state::let_go() {
  lanes_.clear();
  resolver_ = nullptr;
}

bool backend_state::on_lane_down(const caf::actor_addr& lane) {
  for (auto i = lanes_.begin(); i != lanes_.end(); ++i)
    if (i->second.address() == lane) {
      // What a crashed lane held is free again, and nobody waits there any more.
      const auto index = i->first;
      lanes_.erase(i);
      std::erase_if(unresolved_, [&](const pending& p) { return p.lane == index; });
      if (breaker_.state() == circuit::half_open && probing_lane_ == index)
        breaker_.on_result(attempt_result::canceled, true, now());
      cells_.on_lane_down(index);
      serve(ledger_.remove_lane(index));
      publish_if_recall_changed();
      break;
    }
  return lanes_.empty();
}

void backend_state::publish() {
  view_.state = breaker_.state();
  view_.open_until = breaker_.open_until();
  view_.suspect = breaker_.suspect();
  view_.limited = ledger_.limited();
  view_.scarce = ledger_.scarce();
  view_.recalled = ledger_.recalled();
  view_.cells = cells_.views(now());
  for (const auto& [index, lane] : lanes_)
    self_->send(lane, view_);
}

void backend_state::publish_if_recall_changed() {
  const auto waiting = static_cast<std::uint32_t>(ledger_.waiting());
  if (waiting != waiting_told_) {
    waiting_told_ = waiting;
    events_.waiting_changed(waiting);
  }
  if (view_.recalled != ledger_.recalled())
    publish();
}

// ---- permits ----

void backend_state::on_lease_request(const lease_request& message) {
  const pending asker{message.lane, message.request, message.probe, message.cell, message.at_once};
  if (!view_.resolved)
    unresolved_.push_back(asker);
  else
    decide(asker);
}

void backend_state::decide(const pending& asker) {
  if (asker.cell != 0 && breaker_.state() != circuit::open &&
      !cells_.take_probe(asker.cell, asker.lane, now())) {
    deny(asker.lane, asker.request, deny_reason::deployment_out, soon_ms);
    return;
  }
  decide_on_circuit(asker);
}

void backend_state::decide_on_circuit(const pending& asker) {
  switch (breaker_.state()) {
  case circuit::open: {
    const auto left = (breaker_.open_until() - now()) / 1'000'000;
    deny(asker.lane, asker.request, deny_reason::circuit_open,
         static_cast<std::uint32_t>(std::max<time_ns>(left, soon_ms)));
    return;
  }
  case circuit::half_open:
    if (breaker_.take_probe())
      answer(asker, true);
    else
      deny(asker.lane, asker.request, deny_reason::circuit_open, soon_ms);
    return;
  case circuit::closed:
    answer(asker, false);
    return;
  }
}

void backend_state::answer(const pending& asker, bool probe) {
  const auto lane = asker.lane;
  const auto request = asker.request;
  permit_ledger::grant grant;
  auto verdict = ledger_.request(lane, request, now(), grant, !asker.at_once);
  if (probe && verdict != permit_ledger::verdict::granted) {
    // Permits that are still out belong to requests that met the failing backend: the probe does
    // not wait for them.
    ledger_.abandon(lane, request);
    breaker_.on_result(attempt_result::canceled, true, now());
    deny(lane, request, deny_reason::circuit_open, soon_ms);
    return;
  }
  if (verdict == permit_ledger::verdict::overflow) {
    deny(lane, request, deny_reason::overflow, soon_ms);
  } else if (verdict == permit_ledger::verdict::granted) {
    lease_answer message;
    message.request = request;
    message.granted = true;
    message.probe = probe;
    message.spare = grant.spare;
    if (probe)
      probing_lane_ = lane;
    send_to(lane, message);
  } else {
    schedule_tick();
  }
  publish_if_recall_changed();
}

void backend_state::deny(std::uint32_t lane, std::uint64_t request, deny_reason reason,
                         std::uint32_t retry_after_ms) {
  lease_answer message;
  message.request = request;
  message.reason = reason;
  message.retry_after_ms = retry_after_ms;
  send_to(lane, message);
}

void backend_state::send_to(std::uint32_t lane, const lease_answer& message) {
  const auto found = lanes_.find(lane);
  if (found != lanes_.end())
    self_->send(found->second, message);
}

void backend_state::serve(const std::vector<permit_ledger::grant>& grants) {
  for (const auto& grant : grants) {
    lease_answer message;
    message.request = grant.request;
    message.granted = true;
    message.spare = grant.spare;
    send_to(grant.lane, message);
  }
}

// ---- breaker ----

void backend_state::on_return() {
  const auto before = breaker_.state();
  const bool cells = cells_.on_healthy(now());
  tell_cells();
  if (!breaker_.on_return() && !cells)
    return;
  if (before != breaker_.state()) {
    view_.recovered = now();
    events_.circuit_changed(before, breaker_.state());
  }
  publish();
}

void backend_state::on_cell(const cell_report& message) {
  if (message.cell == 0) {
    shut(message);
    return;
  }
  const bool changed = cells_.on_report(message, now(), jitter());
  tell_cells();
  if (!changed)
    return;
  publish();
  schedule_tick();
}

void backend_state::on_peer_cell(const peer_cell& message) {
  if (message.note.place != place_of(settings_.url))
    return; // of a server that only has the same name
  const auto time = now();
  const bool changed = cells_.on_other(message.instance, message.note, time);
  tell_cells();
  if (!changed)
    return;
  events_.cell_heard(message, std::max<time_ns>(message.note.until - time, 0));
  publish();
  schedule_tick();
}

void backend_state::tell_cells() {
  for (auto& note : cells_.take_news()) {
    note.backend = settings_.name;
    note.place = place_of(settings_.url);
    events_.cell_changed(note);
  }
}

/// Something that a request has met is true of the whole backend, for a while or until it is
/// healthy again.
void backend_state::shut(const cell_report& message) {
  if (message.judged.cell.harm == routing::cell_harm::counts) {
    on_result({message.lane, attempt_result::connect_failure, false});
    return;
  }
  const auto before = breaker_.state();
  const auto length = std::max(message.judged.cell.first, message.judged.cell.floor);
  if (!breaker_.shut(now(), length))
    return;
  if (before != circuit::open)
    on_opened(before);
  publish();
  schedule_tick();
}

void backend_state::on_opened(circuit before) {
  events_.circuit_changed(before, circuit::open);
  // Nobody waits for a backend that is taken out of service.
  for (const auto& waiter : ledger_.expire(std::numeric_limits<time_ns>::max()))
    deny(waiter.lane, waiter.request, deny_reason::circuit_open,
         static_cast<std::uint32_t>(settings_.breaker.cooldown.count()));
  schedule_tick();
}

void backend_state::on_away() {
  const auto before = breaker_.state();
  if (!breaker_.on_away(now()))
    return;
  on_opened(before);
  publish();
  publish_if_recall_changed();
  resolve();
}

void backend_state::on_peer_note(const peer_note& message) {
  if (message.note.backend != settings_.name)
    return;
  if (message.note.state == circuit::closed && message.note.healthy) {
    peers_.erase(message.instance);
    return;
  }
  peer_opinion opinion;
  opinion.instance = message.instance;
  opinion.state = message.note.state;
  opinion.healthy = message.note.healthy;
  peers_[message.instance] = std::move(opinion);
}

void backend_state::on_result(const result_report& message) {
  if (message.result != attempt_result::ok && message.result != attempt_result::canceled &&
      message.result != attempt_result::head_received) {
    last_failure_ = message.result;
    last_failure_ms_ = std::chrono::duration_cast<std::chrono::milliseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  }
  const auto before = breaker_.state();
  const bool changed = breaker_.on_result(message.result, message.probe, now());
  const auto after = breaker_.state();
  if (after == circuit::open && before != circuit::open)
    on_opened(before);
  else if (before != after) {
    if (after == circuit::closed)
      view_.recovered = now();
    events_.circuit_changed(before, after);
  }
  if (changed)
    publish();
  publish_if_recall_changed();
  // A failed connection may mean that the backend has moved.
  if (breaker::is_failure(message.result))
    resolve();
}

// ---- addresses ----

void backend_state::resolve() {
  if (resolving_)
    return;
  if (now() < next_resolution_ && view_.resolved) {
    schedule_tick();
    return;
  }
  resolving_ = true;
  self_
      ->request(resolver_, std::chrono::seconds{30},
                resolve_request(settings_.url.host, settings_.url.port))
      .then(
          [this, place = place_](const resolution& answer) {
            if (place == place_)
              on_resolution(answer);
          },
          [this, place = place_](const caf::error&) {
            if (place != place_)
              return; // asked before a reload moved the backend
            resolution failed;
            failed.host = settings_.url.host;
            failed.error = "the resolver did not answer";
            on_resolution(failed);
          });
}

void backend_state::on_resolution(const resolution& message) {
  if (message.host != settings_.url.host)
    return;
  resolving_ = false;
  next_resolution_ = now() + min_resolution_gap;
  const bool first = !view_.resolved;
  view_.resolved = true;
  // Old addresses are better than none while a name server is away.
  if (!message.addresses.empty() && message.addresses != view_.addresses) {
    view_.addresses = message.addresses;
    publish();
  } else if (first) {
    publish();
  }
  for (const auto& asker : std::exchange(unresolved_, {})) {
    if (view_.addresses.empty())
      deny(asker.lane, asker.request, deny_reason::no_address, soon_ms);
    else
      decide(asker);
  }
  schedule_tick();
}

// ---- time ----

void backend_state::on_tick() {
  tick_due_ = 0;
  const auto time = now();
  const auto before = breaker_.state();
  if (breaker_.on_time(time)) {
    events_.circuit_changed(before, breaker_.state());
    publish();
  }
  if (cells_.on_time(time))
    publish();
  tell_cells();
  for (const auto& waiter : ledger_.expire(time))
    deny(waiter.lane, waiter.request, deny_reason::queue_timeout, soon_ms);
  publish_if_recall_changed();
  if (time >= refresh_due())
    resolve();
  schedule_tick();
}

/// Lanes refuse by themselves while there is no address, so that no failure would ask for one.
time_ns backend_state::refresh_due() const {
  if (view_.addresses.empty())
    return next_resolution_;
  return next_resolution_ - min_resolution_gap +
         std::chrono::nanoseconds{settings_.dns_refresh}.count();
}

void backend_state::schedule_tick() {
  const auto time = now();
  // Name refresh is due in any case; waiting requests and an open breaker may be due sooner.
  auto due = refresh_due();
  if (breaker_.state() == circuit::open)
    due = std::min(due, breaker_.open_until());
  if (const auto expiry = ledger_.next_expiry())
    due = std::min(due, *expiry);
  if (const auto change = cells_.next_change())
    due = std::min(due, *change);
  due = std::max(due, time + min_tick_gap);
  // One that is under way for later does not count; it does no harm either.
  if (tick_due_ > time && tick_due_ <= due)
    return;
  tick_due_ = due;
  self_->delayed_send(self_, std::chrono::nanoseconds{due - time}, tick_atom::value);
}

// -------------------------------------------------------------------------------------

void backend_state::on_settings(const settings_ptr& settings) {
  const auto found = settings->backends.find(settings_.name);
  if (found == settings->backends.end())
    return;
  const bool moved =
      found->second.url.host != settings_.url.host || found->second.url.port != settings_.url.port;
  settings_ = found->second;
  const auto before = breaker_.state();
  breaker_.reconfigure(settings_.breaker);
  cells_.reconfigure(settings->routing.cell);
  if (before != breaker_.state())
    events_.circuit_changed(before, breaker_.state());
  serve(ledger_.reconfigure(settings_.concurrency));
  if (moved) {
    ++place_;
    next_resolution_ = 0;
    view_.resolved = false;
    view_.addresses.clear();
    resolving_ = false;
    resolve();
  }
  publish();
  publish_if_recall_changed();
}

backend_snapshot backend_state::snapshot() const {
  backend_snapshot result;
  result.name = settings_.name;
  result.state = breaker_.state();
  result.consecutive_failures = breaker_.consecutive_failures();
  result.times_opened = breaker_.times_opened();
  result.leased = ledger_.leased();
  result.waiting = static_cast<std::uint32_t>(ledger_.waiting());
  result.addresses = view_.addresses;
  result.resolved = view_.resolved;
  if (result.state == circuit::open)
    result.open_for_ms =
        static_cast<std::uint32_t>(std::max<time_ns>(0, view_.open_until - now()) / 1'000'000);
  result.last_failure = last_failure_;
  result.last_failure_ms = last_failure_ms_;
  for (const auto& [instance, opinion] : peers_)
    result.peers.push_back(opinion);
  return result;
}

} // namespace synapse::actors
