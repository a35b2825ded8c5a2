#include "actors/supervision/supervisor.hpp"

#include "actors/backends/health/health_aggregator.hpp"
#include "actors/backends/health/prober.hpp"
#include "actors/backends/lane.hpp"
#include "actors/models/model_desk.hpp"
#include "actors/protocol/error.hpp"
#include "actors/supervision/config_publisher.hpp"
#include "http/client/http_link.hpp"
#include "http/sites/thread_routes.hpp"
#include "routing/catalog.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

namespace synapse::actors {

namespace {

using std::chrono::milliseconds;
constexpr milliseconds first_back_off{100};
constexpr milliseconds max_back_off{30'000};
constexpr milliseconds calm{60'000}; ///< after this long without a restart the back-off starts anew
constexpr milliseconds grace{2'000};
constexpr auto patience = std::chrono::seconds{10};

class supervisor : public supervisor_actor::base {
public:
  supervisor(caf::actor_config& config, supervisor_parts parts)
      : supervisor_actor::base(config), parts_(std::move(parts)) {
    set_down_handler([this](caf::down_msg& down) { on_down(down); });
    set_exit_handler([this](caf::exit_msg& message) { on_exit_message(message); });
  }
  const char* name() const override { return "supervisor"; }

  void on_exit() override {
    backends_.clear();
    handles_.clear();
    publisher_ = nullptr;
    health_ = nullptr;
    resolver_ = nullptr;
    voices_ = nullptr;
    profiles_ = nullptr;
    runtime_ = nullptr;
    parts_ = {};
  }

  supervisor_actor::behavior_type make_behavior() override {
    start_core();
    return {
        [this](const settings_ptr& settings) { return apply(settings); },
        [this](snap_atom) -> caf::result<std::vector<backend_snapshot>> {
          return delegate(publisher_, snap_atom::value);
        },
        [this](check_atom) -> caf::result<health_report> {
          return delegate(health_, check_atom::value);
        },
        [this](const peer_note& message) { on_peer_note(message); },
        [this](tick_atom, const std::string& child) { restart(child); },
        [this](tick_atom) { kill_what_is_left(); },
    };
  }

private:
  struct backend_children {
    backend_actor control;
    std::vector<lane_actor> lanes;
    prober_actor prober;
    // Of a router whose models are managed.
    http_link_actor link;
    model_manager_actor models;
    std::vector<model_desk_actor> desks;
    std::shared_ptr<net::asio::ssl::context> tls;
    std::string bearer;
  };

  template <class Handle>
  void adopt(const Handle& child, std::string role) {
    monitor(child);
    children_[child.address()] = std::move(role);
    handles_[child.address()] = caf::actor_cast<caf::strong_actor_ptr>(child);
  }

  // The resolver first, because backends need it; switchboards before the publisher that feeds
  // them.
  void start_core() {
    resolver_ = parts_.make_resolver();
    adopt(resolver_, "resolver");
    health_ = spawn_health_aggregator(system());
    adopt(health_, "health");
    start_voices();
    start_profiles();
    start_runtime();
    start_routing();
  }

  void start_profiles() {
    if (!parts_.make_model_profiles)
      return;
    profiles_ = parts_.make_model_profiles();
    adopt(profiles_, "profiles");
    for (const auto& [name, children] : backends_)
      listen_to_profiles(children.models);
  }

  void listen_to_profiles(const model_manager_actor& models) {
    if (profiles_ && models)
      send(profiles_, listen_atom::value, caf::actor_cast<profile_listener>(models));
  }

  void start_runtime() {
    if (!parts_.make_runtime_controller)
      return;
    runtime_ = parts_.make_runtime_controller(resolver_);
    adopt(runtime_, "runtime");
  }

  http_link_actor make_link(const config::backend_settings& settings,
                            const backend_children& children) {
    client::pool_options options;
    options.max_idle = 2;
    options.idle_timeout = std::chrono::nanoseconds{settings.pool.idle_timeout}.count();
    options.tls = children.tls;
    options.verify = settings.tls.verify;
    options.server_name =
        settings.tls.server_name.empty() ? settings.url.host : settings.tls.server_name;
    return spawn_pinned<http_link>(*parts_.units.front(), std::move(options));
  }

  void start_models(const config::backend_settings& settings, backend_children& children) {
    const auto role = "backend " + settings.name;
    children.link = make_link(settings, children);
    adopt(children.link, role);
    model_manager_parts parts;
    parts.backend = settings;
    parts.models = settings_->models;
    parts.reconfigure_timeout_s = settings_->process.runtime_reconfigure_timeout_seconds;
    parts.control = children.control;
    parts.link = children.link;
    parts.runtime = runtime_;
    parts.bearer = children.bearer;
    parts.lanes = parts_.units.size();
    parts.events = parts_.model_events_of(settings.name);
    children.models = spawn_model_manager(system(), std::move(parts));
    adopt(children.models, role);
    for (std::uint32_t i = 0; i < parts_.units.size(); ++i) {
      auto desk = spawn_pinned<client::model_desk>(*parts_.units[i], children.models, i);
      send(children.models, desk, i);
      adopt(desk, role);
      children.desks.push_back(std::move(desk));
    }
    listen_to_profiles(children.models);
  }

  void retire_models(backend_children& children) {
    if (!children.models)
      return;
    for (auto& desk : children.desks) {
      expect_end(desk);
      send(desk, retire_atom::value);
    }
    children.desks.clear();
    expect_end(children.models);
    send_exit(children.models, caf::exit_reason::user_shutdown);
    expect_end(children.link);
    send_exit(children.link, caf::exit_reason::user_shutdown);
    children.models = nullptr;
    children.link = nullptr;
  }

  void start_voices() {
    if (!parts_.make_voice_library)
      return;
    voices_ = parts_.make_voice_library();
    adopt(voices_, "voices");
  }

  void start_routing() {
    std::vector<switchboard_actor> switchboards;
    for (auto* unit : parts_.units) {
      switchboards.push_back(parts_.make_switchboard(*unit));
      adopt(switchboards.back(), "routing");
    }
    publisher_ = spawn_config_publisher(system(), std::move(switchboards));
    adopt(publisher_, "routing");
  }

  void start_backend(const config::backend_settings& settings) {
    backend_children children;
    std::string problem;
    children.tls = parts_.make_tls(settings, problem);
    if (!problem.empty())
      parts_.report("backend " + settings.name + ": " + problem);
    problem.clear();
    children.bearer = parts_.read_bearer(settings, problem);
    if (!problem.empty())
      parts_.report("backend " + settings.name + ": " + problem);
    const auto role = "backend " + settings.name;
    children.control =
        spawn_backend(system(), settings, resolver_, parts_.events_of(settings.name));
    adopt(children.control, role);
    for (std::uint32_t i = 0; i < parts_.units.size(); ++i) {
      auto lane_handle = spawn_pinned<lane>(*parts_.units[i], children.control, i);
      send(children.control, lane_handle, i);
      adopt(lane_handle, role);
      children.lanes.push_back(std::move(lane_handle));
    }
    children.prober = spawn_pinned<prober>(*parts_.units.front(), children.control, settings,
                                           children.tls, children.bearer);
    adopt(children.prober, role);
    if (settings.manage_models)
      start_models(settings, children);
    backends_[settings.name] = std::move(children);
  }

  /// Lets a backend's actors end: lanes when their last request is done.
  void retire_backend(const std::string& name) {
    auto found = backends_.find(name);
    if (found == backends_.end())
      return;
    auto& children = found->second;
    retire_models(children);
    expect_end(children.control);
    for (auto& lane : children.lanes) {
      expect_end(lane);
      send(lane, retire_atom::value);
    }
    expect_end(children.prober);
    send_exit(children.prober, caf::exit_reason::user_shutdown);
    backends_.erase(found);
  }

  template <class Handle>
  void expect_end(const Handle& child) {
    // One that has ended already must not come back into the list: its end is not told again.
    if (const auto found = children_.find(child.address()); found != children_.end())
      found->second.clear();
  }

  caf::result<bool> apply(const settings_ptr& settings) {
    if (stopping_)
      return caf::make_error(ec::shutting_down);
    settings_ = settings;
    for (const auto& name : names())
      if (!settings->backends.count(name))
        retire_backend(name);
    for (const auto& [name, backend] : settings->backends) {
      const auto running = backends_.find(name);
      if (running == backends_.end()) {
        start_backend(backend);
        continue;
      }
      send(running->second.control, settings);
      // The prober and TLS have their settings for life.
      renew(name, backend);
      renew_models(backend, running->second);
    }
    return publish();
  }

  void renew(const std::string& name, const config::backend_settings& fresh) {
    auto& children = backends_.at(name);
    std::string problem;
    auto tls = parts_.make_tls(fresh, problem);
    if (!problem.empty())
      parts_.report("backend " + name + ": " + problem +
                    (children.tls ? "; the old TLS settings stay" : ""));
    // Without old ones what was made is used, although it trusts nobody: with none at all the
    // requests of a backend that has become https would go out in the clear.
    if (problem.empty() || !children.tls)
      children.tls = std::move(tls);
    problem.clear();
    if (auto bearer = parts_.read_bearer(fresh, problem); problem.empty())
      children.bearer = std::move(bearer);
    else
      parts_.report("backend " + name + ": " + problem + "; the old key stays");
    expect_end(children.prober);
    send_exit(children.prober, caf::exit_reason::user_shutdown);
    children.prober = spawn_pinned<prober>(*parts_.units.front(), children.control, fresh,
                                           children.tls, children.bearer);
    adopt(children.prober, "backend " + name);
  }

  /// What uses the models goes on: only the way to the router changes.
  void renew_models(const config::backend_settings& fresh, backend_children& children) {
    if (!fresh.manage_models) {
      retire_models(children);
    } else if (!children.models) {
      start_models(fresh, children);
    } else {
      send(children.models, settings_);
      const auto old = std::exchange(children.link, make_link(fresh, children));
      adopt(children.link, "backend " + fresh.name);
      send(children.models, children.link, children.bearer);
      expect_end(old);
      send_exit(old, caf::exit_reason::user_shutdown);
    }
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& [name, children] : backends_)
      result.push_back(name);
    return result;
  }

  /// Makes a snapshot of what runs now and hands it to all threads.
  caf::result<bool> publish() {
    auto snapshot = std::make_shared<gateway_snapshot>();
    snapshot->settings = settings_;
    snapshot->generation = ++generation_;
    snapshot->health = health_;
    snapshot->publisher = publisher_;
    snapshot->voices = voices_;
    snapshot->routes = std::make_shared<const routing::catalog>(*settings_);
    snapshot->profiles = profiles_;
    std::vector<prober_actor> probers;
    for (const auto& [name, children] : backends_) {
      backend_entry entry;
      entry.settings = &settings_->backends.at(name);
      entry.control = children.control;
      entry.lanes = children.lanes;
      entry.tls = children.tls;
      entry.bearer = children.bearer;
      entry.models = children.models;
      entry.desks = children.desks;
      snapshot->backends.push_back(std::move(entry));
      probers.push_back(children.prober);
    }
    send(health_, std::move(probers),
         static_cast<std::uint32_t>(settings_->health.max_age.count()));
    auto promise = make_response_promise<bool>();
    request(publisher_, patience, snapshot_ptr{std::move(snapshot)})
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
    const auto found = backends_.find(message.note.backend);
    if (stopping_ || found == backends_.end())
      return;
    send(found->second.control, message);
    // One look at a time: many replicas may say the same.
    if (message.note.state != circuit::open || !looking_.insert(message.note.backend).second)
      return;
    const auto limit = settings_->backends.at(message.note.backend).health.timeout;
    request(found->second.prober, 2 * limit, check_atom::value)
        .then(
            [this, control = found->second.control](const probe_result& seen) {
              looking_.erase(seen.backend);
              if (seen.disconnected)
                send(control, away_atom::value);
            },
            [this, name = message.note.backend](const caf::error&) { looking_.erase(name); });
  }

  // ---- restarts ----

  void on_down(const caf::down_msg& down) {
    const auto child = children_.find(down.source);
    if (child == children_.end())
      return;
    const auto role = std::move(child->second);
    children_.erase(child);
    handles_.erase(down.source);
    if (stopping_) {
      end_if_done();
      return;
    }
    if (role.empty() || restarting_.count(role))
      return;
    parts_.report(role + " ended unexpectedly (" + render(down.reason) + "), restarting it");
    restarting_.insert(role);
    auto& history = history_[role];
    const auto now = system().clock().now();
    if (history.back_off.count() == 0 || now - history.last > calm)
      history.back_off = first_back_off;
    else
      history.back_off = std::min(history.back_off * 2, max_back_off);
    history.last = now;
    delayed_send(this, history.back_off, tick_atom::value, role);
  }

  void restart(const std::string& role) {
    restarting_.erase(role);
    if (stopping_)
      return;
    if (role == "routing") {
      end_all("routing");
      start_routing();
    } else if (role == "health") {
      health_ = spawn_health_aggregator(system());
      adopt(health_, role);
    } else if (role == "voices") {
      start_voices();
    } else if (role == "profiles") {
      start_profiles();
    } else if (role == "runtime") {
      start_runtime();
      // Managers hold the old one.
      for (const auto& name : names())
        retire_backend(name);
    } else if (role == "resolver") {
      resolver_ = parts_.make_resolver();
      adopt(resolver_, role);
      if (runtime_) {
        expect_end(runtime_);
        send_exit(runtime_, caf::exit_reason::user_shutdown);
        start_runtime();
      }
      // Backends hold the old one.
      for (const auto& name : names())
        retire_backend(name);
    } else {
      const auto name = role.substr(std::string_view{"backend "}.size());
      retire_backend(name);
      end_all(role);
    }
    republish();
  }

  void end_all(const std::string& role) {
    for (auto& [address, child_role] : children_)
      if (child_role == role) {
        child_role.clear();
        send_exit(handles_[address], caf::exit_reason::user_shutdown);
      }
  }

  template <class Pointer>
  void send_exit(const Pointer& child, caf::exit_reason reason) {
    caf::anon_send_exit(child, reason);
  }

  // ---- shutdown ----

  void on_exit_message(const caf::exit_msg& message) {
    if (stopping_)
      return;
    stopping_ = true;
    reason_ = message.reason;
    // Sessions have ended by now, so nobody is left to ask anything; the order spares the log
    // requests to actors that are gone: askers before the asked.
    for (auto& [name, children] : backends_) {
      send_exit(children.prober, caf::exit_reason::user_shutdown);
      if (children.models)
        send_exit(children.models, caf::exit_reason::user_shutdown);
    }
    for (const auto& [address, handle] : handles_)
      send_exit(handle, caf::exit_reason::user_shutdown);
    backends_.clear();
    publisher_ = nullptr;
    health_ = nullptr;
    resolver_ = nullptr;
    voices_ = nullptr;
    profiles_ = nullptr;
    runtime_ = nullptr;
    delayed_send(this, grace, tick_atom::value);
    end_if_done();
  }

  void kill_what_is_left() {
    for (const auto& [address, handle] : handles_)
      send_exit(handle, caf::exit_reason::kill);
  }

  void end_if_done() {
    if (children_.empty())
      quit(std::move(reason_));
  }

  struct restart_history {
    milliseconds back_off{0};
    caf::actor_clock::time_point last;
  };

  supervisor_parts parts_;
  settings_ptr settings_;
  std::uint64_t generation_ = 0;
  resolver_actor resolver_;
  health_aggregator_actor health_;
  config_publisher_actor publisher_;
  voice_library_actor voices_;
  model_profiles_actor profiles_;
  runtime_controller_actor runtime_;
  std::map<std::string, backend_children> backends_;
  std::map<caf::actor_addr, std::string> children_; ///< role; empty: its end is expected
  std::map<caf::actor_addr, caf::strong_actor_ptr> handles_;
  std::set<std::string> restarting_;
  std::set<std::string> looking_; ///< backends that are looked at because of another replica
  std::map<std::string, restart_history> history_;
  bool stopping_ = false;
  caf::error reason_;
};

} // namespace

supervisor_actor spawn_supervisor(caf::actor_system& system, supervisor_parts parts) {
  return system.spawn<supervisor>(std::move(parts));
}

} // namespace synapse::actors
