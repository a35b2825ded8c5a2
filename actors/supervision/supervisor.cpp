#include "actors/supervision/supervisor.hpp"

#include "actors/backends/health/health_aggregator.hpp"
#include "actors/protocol/error.hpp"
#include "actors/supervision/back_off.hpp"
#include "actors/supervision/backend_crews.hpp"
#include "actors/supervision/child_list.hpp"
#include "actors/supervision/config_publisher.hpp"
#include "actors/supervision/gpu_crews.hpp"
#include "routing/catalog.hpp"
#include "routing/records/catalog_records.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

namespace synapse::actors {

namespace {

constexpr auto grace = std::chrono::seconds{2};
constexpr auto patience = std::chrono::seconds{10};

class supervisor : public supervisor_actor::base {
public:
  supervisor(caf::actor_config& config, supervisor_parts parts)
      : supervisor_actor::base(config), parts_(std::move(parts)), rows_(rows()) {
    set_down_handler([this](caf::down_msg& down) { on_down(down); });
    set_exit_handler([this](caf::exit_msg& message) { on_exit_message(message); });
  }
  const char* name() const override { return "supervisor"; }

  void on_exit() override {
    forget_handles();
    children_.clear();
    parts_ = {};
  }

  supervisor_actor::behavior_type make_behavior() override {
    for (const auto& one : rows_)
      start(one);
    return {
        [this](const settings_ptr& settings) { return apply(settings); },
        [this](snap_atom) -> caf::result<std::vector<backend_snapshot>> {
          return delegate(core_.publisher, snap_atom::value);
        },
        [this](check_atom) -> caf::result<health_report> {
          return delegate(core_.health, check_atom::value);
        },
        [this](const peer_note& message) { on_peer_note(message); },
        [this](peer_cell& message) { on_peer_cell(message); },
        [this](const gpu_peers& peers) { gpus_.tell(peers); },
        [this](const peer_gpu& what) { gpus_.tell(what); },
        [this](tick_atom, const std::string& role) { restart(role); },
        [this](tick_atom) { children_.exit_all(caf::exit_reason::kill); },
    };
  }

private:
  // ---- what is started once ----

  using starter = std::function<void(const std::string& role)>;

  /// Started again, after a back-off, when one of that role has ended. Then the configuration is
  /// published anew: all threads get the new handles.
  struct row {
    std::string role;
    starter start;                       ///< makes and adopts
    std::function<void()> after = [] {}; ///< what else has to be done then
    /// Role of another row whose actor this one was given: they are started again together.
    std::string holds = {};
  };

  /// In the order of the start. A new actor is a row here and its handle in core_actors; if
  /// requests need it, publish() hands it out.
  std::vector<row> rows() {
    // They hold the old one; publishing starts others.
    const auto renew_backends = [this] { backends_.retire_all(); };
    return {
        {"resolver", starting(core_.resolver, parts_.make_resolver), renew_backends},
        {"health",
         [this](auto& role) { put(core_.health, spawn_health_aggregator(system()), role); }},
        {"voices", starting(core_.voices, parts_.make_voice_library)},
        {"profiles", starting(core_.profiles, parts_.make_model_profiles),
         [this] { backends_.renew_profiles(); }},
        {"runtime", starting(core_.runtime, parts_.make_runtime_controller, core_.resolver),
         renew_backends, "resolver"},
        {"routing", [this](auto& role) { start_routing(role); }},
    };
  }

  /// @param make of parts_; empty: nothing is started. @param given handles in core_
  template <class Handle, class Make, class... Given>
  starter starting(Handle& place, const Make& make, const Given&... given) {
    return [this, &place, &make, &given...](const std::string& role) {
      if (make)
        put(place, make(given...), role);
    };
  }

  template <class Handle>
  void put(Handle& place, Handle made, const std::string& role) {
    place = std::move(made);
    children_.adopt(place, role);
  }

  void start(const row& one) {
    one.start(one.role);
    one.after();
  }

  /// Switchboards before the publisher that feeds them.
  void start_routing(const std::string& role) {
    std::vector<switchboard_actor> switchboards;
    for (auto* unit : parts_.units) {
      switchboards.push_back(parts_.make_switchboard(*unit));
      children_.adopt(switchboards.back(), role);
    }
    put(core_.publisher, spawn_config_publisher(system(), std::move(switchboards)), role);
  }

  // ---- configuration ----

  caf::result<bool> apply(const settings_ptr& settings) {
    if (stopping_)
      return caf::make_error(ec::shutting_down);
    settings_ = settings;
    backends_.apply(settings);
    gpus_.apply(settings);
    return publish();
  }

  /// Makes a snapshot of what runs now and hands it to all threads.
  caf::result<bool> publish() {
    auto snapshot = std::make_shared<gateway_snapshot>();
    snapshot->settings = settings_;
    snapshot->generation = ++generation_;
    snapshot->health = core_.health;
    snapshot->publisher = core_.publisher;
    snapshot->voices = core_.voices;
    snapshot->routes = std::make_shared<const routing::catalog>(*settings_);
    snapshot->records =
        routing::make_records(snapshot->routes->names(), static_cast<unsigned>(parts_.units.size()),
                              routes_ ? &routes_->names() : nullptr, records_.get());
    // The old table refers to its settings.
    deployments_.clear();
    routes_ = snapshot->routes;
    records_ = snapshot->records;
    routed_settings_ = settings_;
    snapshot->profiles = core_.profiles;
    snapshot->backends = backends_.entries(*settings_);
    gpus_.complete(snapshot->backends);
    send(core_.health, backends_.probers(),
         static_cast<std::uint32_t>(settings_->health.max_age.count()));
    backends_.brief_scouts(snapshot);
    auto promise = make_response_promise<bool>();
    request(core_.publisher, patience, snapshot_ptr{std::move(snapshot)})
        .then([promise](bool ok) mutable { promise.deliver(ok); },
              [promise](caf::error& error) mutable { promise.deliver(std::move(error)); });
    return promise;
  }

  /// Publishes without anybody waiting for the end of it.
  void republish() {
    if (settings_)
      caf::anon_send(caf::actor_cast<supervisor_actor>(this), settings_);
  }

  // ---- what other replicas say ----

  void on_peer_note(const peer_note& message) {
    const auto* crew = backends_.find(message.note.backend);
    if (stopping_ || !crew)
      return;
    send(crew->control, message);
    // One look at a time: many replicas may say the same.
    if (message.note.state != circuit::open || !looking_.insert(message.note.backend).second)
      return;
    const auto limit = settings_->backends.at(message.note.backend).health.timeout;
    request(crew->prober, 2 * limit, check_atom::value)
        .then(
            [this, control = crew->control](const probe_result& seen) {
              looking_.erase(seen.backend);
              if (seen.disconnected)
                send(control, away_atom::value);
            },
            [this, name = message.note.backend](const caf::error&) { looking_.erase(name); });
  }

  void on_peer_cell(peer_cell& message) {
    const auto* crew = backends_.find(message.note.backend);
    if (stopping_ || !crew || !routes_)
      return;
    if (deployments_.empty())
      for (const auto& one : routes_->names().deployments())
        for (const auto what : config::all_kinds)
          deployments_.emplace(one.cell_of(what), &one);
    // One that is not configured here is none of this replica's business.
    const auto found = deployments_.find(message.note.cell);
    if (found == deployments_.end())
      return;
    message.deployment = found->second->settings->id;
    send(crew->control, std::move(message));
  }

  // ---- restarts ----

  void on_down(const caf::down_msg& down) {
    const auto role = children_.remove(down.source);
    if (!role)
      return;
    if (stopping_) {
      end_if_done();
      return;
    }
    if (role->empty() || !restarting_.insert(*role).second)
      return;
    parts_.report(*role + " ended unexpectedly (" + render(down.reason) + "), restarting it");
    delayed_send(this, back_offs_[*role].next(system().clock().now()), tick_atom::value, *role);
  }

  void restart(const std::string& role) {
    restarting_.erase(role);
    if (stopping_)
      return;
    const auto found =
        std::find_if(rows_.begin(), rows_.end(), [&](const auto& row) { return row.role == role; });
    if (found != rows_.end()) {
      start_again(*found);
    } else if (const auto card = gpu_crews::card_of(role); !card.empty()) {
      gpus_.retire(card);
      children_.end_all(role);
    } else {
      backends_.retire(backend_crews::backend_of(role));
      children_.end_all(role);
    }
    republish(); // which starts the backends and cards that are missing
  }

  void start_again(const row& one) {
    children_.end_all(one.role);
    start(one);
    for (const auto& other : rows_)
      if (other.holds == one.role)
        start_again(other);
  }

  // ---- shutdown ----

  void on_exit_message(const caf::exit_msg& message) {
    if (stopping_)
      return;
    stopping_ = true;
    reason_ = message.reason;
    // Sessions have ended by now, so nobody is left to ask anything; the order spares the log
    // requests to actors that are gone: askers before the asked.
    gpus_.end_askers();
    backends_.end_askers();
    children_.exit_all(caf::exit_reason::user_shutdown);
    forget_handles();
    delayed_send(this, grace, tick_atom::value);
    end_if_done();
  }

  void forget_handles() {
    gpus_.clear();
    backends_.clear();
    core_ = {};
  }

  void end_if_done() {
    if (children_.empty())
      quit(std::move(reason_));
  }

  supervisor_parts parts_;
  core_actors core_;
  child_list children_{*this};
  backend_crews backends_{system(), parts_, core_, children_};
  gpu_crews gpus_{system(), parts_, backends_, children_};
  const std::vector<row> rows_;
  settings_ptr settings_;
  // Of the last snapshot.
  settings_ptr routed_settings_;
  std::shared_ptr<const routing::catalog> routes_;
  std::shared_ptr<const routing::catalog_records> records_;
  /// By their cells; of one that several share the first. Made when another replica speaks of one.
  std::unordered_map<std::uint64_t, const routing::deployment*> deployments_;
  std::uint64_t generation_ = 0;
  std::map<std::string, back_off> back_offs_; ///< by role
  std::set<std::string> restarting_;          ///< roles whose back-off runs
  std::set<std::string> looking_; ///< backends that are looked at because of another replica
  bool stopping_ = false;
  caf::error reason_;
};

} // namespace

supervisor_actor spawn_supervisor(caf::actor_system& system, supervisor_parts parts) {
  return system.spawn<supervisor>(std::move(parts));
}

} // namespace synapse::actors
