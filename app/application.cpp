#include "app/application.hpp"

#include "actors/backends/resolver.hpp"
#include "actors/kubernetes/runtime_controller.hpp"
#include "actors/models/profiles/model_profiles.hpp"
#include "actors/protocol/error.hpp"
#include "actors/supervision/supervisor.hpp"
#include "actors/voices/voice_library.hpp"
#include "app/cluster_setup.hpp"
#include "app/observation.hpp"
#include "app/process/descriptors.hpp"
#include "app/process/service_manager.hpp"
#include "app/tls_contexts.hpp"
#include "app/version.hpp"
#include "config/loader.hpp"
#include "config/print/describe.hpp"
#include "config/values/networks.hpp"
#include "config/watcher.hpp"
#include "http/client/http_link.hpp"
#include "http/openapi/api_routes.hpp"
#include "http/openapi/document.hpp"
#include "http/server/connection/listener.hpp"
#include "http/server/filters/origin_policy.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/logging.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace synapse::app {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

/// Files may change without inotify knowing, e.g. on network file systems.
constexpr auto poll_interval = 5s;
constexpr auto sample_interval = 1s;
constexpr auto apply_patience = 10s;
constexpr auto stop_patience = 5s;
/// Less than any service should have to live with.
constexpr std::size_t few_connections = 1000;

struct system_config : caf::actor_system_config {
  system_config() {
    // Few messages cross threads; stealing would poll (18-27 % of a core at one message per ms).
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

/// Everything of one I/O thread. Members in order of construction.
struct thread_parts {
  thread_parts(unsigned index, caf::actor_system& system, server::lifecycle& life,
               const server::route_table& table, telemetry::access_log_output& output)
      : io(index), unit(system, io), log(output), work(io, unit, life, table) {}

  net::io_thread io;
  actors::io_unit unit;
  telemetry::access_log log;
  server::worker work;
  std::unique_ptr<server::listener> listener;
  std::thread thread;
};

/// What tells whether a certificate on disk is another one than before.
std::pair<std::int64_t, std::int64_t> stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return {0, 0};
  return {static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec,
          static_cast<std::int64_t>(info.st_ino)};
}

} // namespace

struct application::parts {
  config::settings first;
  actors::settings_ptr settings;
  config::environment variables;
  std::string path;
  std::string port_file;
  service_manager manager;
  std::string address; ///< URL that is listened on, for people

  telemetry::log_system log;
  std::shared_ptr<spdlog::logger> say;
  telemetry::metric_registry registry;
  telemetry::gateway_metrics metrics;
  telemetry::access_log_output access_output;
  std::vector<telemetry::callback_registration> callbacks;
  server::connection_limits limits;
  std::size_t descriptors = 0; ///< that the process may have open
  std::string told_of_descriptors;

  server::lifecycle life;
  net::blocking_pool blocking{2};
  api::services services;
  server::route_table table;
  std::optional<server::origin_policy> origins; ///< made when the address is known
  std::unique_ptr<observation> observed;

  system_config actor_config;
  std::unique_ptr<caf::actor_system> system; ///< destroyed before the threads' units
  std::vector<std::unique_ptr<thread_parts>> threads;
  actors::supervisor_actor supervisor;

  asio::io_context main{1};
  asio::signal_set signals{main};
  asio::steady_timer poll{main};
  asio::steady_timer sampling{main};
  asio::steady_timer drain_timer{main};
  std::optional<asio::posix::stream_descriptor> inotify;
  std::unique_ptr<config::file_watcher> watcher;
  std::pair<std::int64_t, std::int64_t> certificate_stamp;
  std::chrono::steady_clock::time_point drain_limit;
  std::set<std::string> told; ///< warnings and notes about the configuration
  int signals_seen = 0;
  int status = 0;

  parts(config::settings loaded, config::environment env, std::string file, std::string port,
        unsigned thread_count)
      : first(std::move(loaded)), settings(std::make_shared<const config::settings>(first)),
        variables(std::move(env)), path(std::move(file)), port_file(std::move(port)),
        manager(variables),
        log(telemetry::logging_options{.level = first.process.log_level,
                                       .redact_extra_patterns =
                                           first.process.terminal_feed.redact_extra_patterns}),
        say(telemetry::make_logger("gateway")), registry(thread_count), metrics(registry, version),
        access_output(STDOUT_FILENO), limits(registry) {}

  // ---- start ----

  void build(unsigned thread_count) {
    spdlog::set_default_logger(telemetry::make_logger("request"));
    for (const auto& problem : log.problems())
      say->warn("{}", problem);
    callbacks.push_back(
        metrics.count_dropped_lines("system", [this] { return log.dropped_lines(); }));
    callbacks.push_back(
        metrics.count_dropped_lines("access", [this] { return access_output.dropped_lines(); }));
    services.life = &life;
    services.metrics = &registry;
    services.routes = api::api_routes();
    services.blocking = &blocking;
    services.version = version;
    services.started = std::chrono::system_clock::now();
    observed = std::make_unique<observation>(first, log, metrics, services);
    services.openapi = api::make_openapi(version);
    services.docs = api::make_docs_page(version);
    api::add_routes(table, services,
                    [this](std::string_view name) { return &metrics.route(name); });
    prepare_cluster(actor_config, first);
    system = std::make_unique<caf::actor_system>(actor_config);
    for (unsigned i = 0; i < thread_count; ++i) {
      threads.push_back(std::make_unique<thread_parts>(i, *system, life, table, access_output));
      auto& t = *threads.back();
      t.work.metrics = &metrics;
      t.work.unmatched = &metrics.route("(none)");
      t.work.log = &t.log;
      observed->read_requests(t.log);
      t.io.every_quarter_second([&t] { t.log.flush(); });
      t.io.on_loop_delay(
          [&delay = metrics.event_loop_delay(i)](net::time_ns late) { delay.observe_ns(late); });
    }
  }

  /// How many connections there may be, and of whom.
  void limit_connections() {
    const auto fit = connections_for(descriptors, *settings, static_cast<unsigned>(threads.size()));
    limits.set_rules(server::connection_limits::rules_of(*settings, fit));
    const auto notice = descriptor_notice(fit, descriptors, *settings);
    // Nobody has asked for what is the default; few are worth a warning whoever chose them.
    const bool asked = settings->limits.max_connections != config::limit_settings{}.max_connections;
    if (!notice.empty() && notice != told_of_descriptors) // a reload changes it rarely
      say->log(asked || fit < few_connections ? spdlog::level::warn : spdlog::level::info, "{}",
               notice);
    told_of_descriptors = notice;
  }

  /// @returns false when the address cannot be listened on.
  bool bind() {
    const auto& to = settings->listener;
    error_code ec;
    auto address = asio::ip::make_address(to.host, ec);
    if (ec) {
      asio::ip::tcp::resolver resolver{main};
      const auto found = resolver.resolve(to.host, "", ec);
      if (ec || found.empty()) {
        say->critical("cannot listen on {}: {}", to.host, ec ? ec.message() : "no address");
        return false;
      }
      address = found.begin()->endpoint().address();
    }
    const auto bound = config::parse_address(address.to_string());
    origins.emplace(server::listening_place{bound && bound->is_loopback(), to.host,
                                            config::networks_of(first.process.trusted_proxies)});
    auto port = to.port;
    const auto reserved =
        (settings->limits.reserved_connections + threads.size() - 1) / threads.size();
    for (auto& t : threads) {
      t->work.origins = &*origins;
      t->listener = std::make_unique<server::listener>(
          t->work, limits, net::tcp::endpoint{address, port}, to.backlog, reserved, ec);
      if (ec) {
        say->critical("cannot listen on {}:{}: {}", to.host, port, ec.message());
        return false;
      }
      port = t->listener->port();
    }
    return true;
  }

  /// SO_REUSEPORT would let a second gateway of the same user share the port silently.
  bool port_is_free() {
    const auto& to = settings->listener;
    if (to.port == 0)
      return true;
    error_code ec;
    const auto address = asio::ip::make_address(to.host, ec);
    if (ec)
      return true; // a name: bind() will see
    asio::ip::tcp::acceptor probe{main};
    probe.open(asio::ip::tcp::endpoint{address, to.port}.protocol(), ec);
    probe.set_option(asio::socket_base::reuse_address(true), ec);
    probe.bind({address, to.port}, ec);
    if (ec)
      say->critical("cannot listen on {}:{}: {}", to.host, to.port, ec.message());
    return !ec;
  }

  void start_threads() {
    for (auto& t : threads)
      t->thread = std::thread([&t = *t] {
        telemetry::set_shard(t.io.index());
        t.io.run();
        telemetry::clear_shard();
      });
  }

  actors::supervisor_parts supervisor_parts() {
    actors::supervisor_parts result;
    for (auto& t : threads)
      result.units.push_back(&t->unit);
    result.make_switchboard = [this](actors::io_unit& unit) -> actors::switchboard_actor {
      auto& work = threads[unit.thread().index()]->work;
      return actors::spawn_pinned<client::switchboard>(
          unit,
          std::function<void(actors::snapshot_ptr)>{[this, &work](actors::snapshot_ptr snapshot) {
            work.routes = client::make_thread_routes(
                work.io, std::move(snapshot), work.routes,
                [this](const std::string& name) { return &metrics.backend(name); });
          }});
    };
    result.make_resolver = [this] { return actors::spawn_resolver(*system); };
    result.make_voice_library = [this] {
      actors::voice_library_parts library;
      library.directory = first.process.voice_library_dir;
      library.report = [this](const std::string& text) { say->error("voice library {}", text); };
      return actors::spawn_voice_library(*system, std::move(library));
    };
    result.make_model_profiles = [this] {
      actors::model_profiles_parts profiles;
      profiles.file = first.process.model_profiles_path;
      profiles.report = [this](const std::string& text) { say->error("model profiles: {}", text); };
      return actors::spawn_model_profiles(*system, std::move(profiles));
    };
    result.make_runtime_controller = [this](const actors::resolver_actor& resolver) {
      return actors::spawn_runtime_controller(*system, runtime_parts(resolver));
    };
    result.model_events_of = [this](const std::string& name) { return model_events_of(name); };
    result.events_of = [this](const std::string& name) {
      auto& counted = metrics.backend(name);
      actors::backend_events events;
      events.circuit_changed = [this, &counted, name](actors::circuit, actors::circuit to) {
        observed->circuit_changed(name, to);
        using state = telemetry::breaker_state_value;
        const auto value = to == actors::circuit::open        ? state::open
                           : to == actors::circuit::half_open ? state::half_open
                                                              : state::closed;
        counted.breaker_state.set(static_cast<std::int64_t>(value));
        if (to == actors::circuit::open) {
          counted.breaker_opened.increment();
          say->warn("backend {}: circuit open after repeated connection failures", name);
        } else {
          say->info("backend {}: circuit {}", name,
                    to == actors::circuit::closed ? "closed again" : "half open");
        }
      };
      return events;
    };
    result.make_tls = make_client_context;
    result.read_bearer = read_bearer;
    result.report = [this](const std::string& text) { say->error("{}", text); };
    return result;
  }

  actors::runtime_controller_parts runtime_parts(const actors::resolver_actor& resolver) {
    const auto& process = first.process;
    actors::runtime_controller_parts result;
    result.name_space = process.llama_router_namespace;
    result.deployment = process.llama_router_deployment;
    result.container = process.llama_router_container;
    result.timeout = std::chrono::seconds{process.runtime_reconfigure_timeout_seconds};
    result.note = [this](const std::string& text) { say->info("runtime of the router: {}", text); };
    result.report = [this](const std::string& text) {
      say->error("runtime of the router: {}", text);
    };
    result.cluster.api_url = process.kubernetes_api_url;
    result.cluster.service_account_dir = process.kubernetes_service_account_dir;
    result.cluster.variables = [this](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::string{} : found->second;
    };
    result.cluster.resolver = resolver;
    result.cluster.make_tls = make_authority_context;
    result.cluster.make_link = [&unit = threads.front()->unit](tls_context tls, std::string name) {
      client::pool_options options;
      options.tls = std::move(tls);
      options.server_name = std::move(name);
      return actors::spawn_pinned<actors::http_link>(unit, std::move(options));
    };
    return result;
  }

  actors::model_events model_events_of(const std::string& name) {
    auto& counted = metrics.backend(name);
    actors::model_events events;
    events.loaded = [this, &counted, name](const std::string& model, actors::time_ns took) {
      counted.models_ready.add(1);
      if (took == 0) {
        say->info("backend {}: model {} is ready", name, model);
        return;
      }
      counted.model_loads.increment();
      counted.model_load.observe_ns(took);
      say->info("backend {}: model {} is ready after {:.1f} s", name, model,
                static_cast<double>(took) / 1e9);
    };
    events.load_failed = [this, &counted, name](const std::string& model, const std::string& why) {
      counted.model_load_failures.increment();
      say->warn("backend {}: model {} could not be loaded: {}", name, model, why);
    };
    events.unloaded = [this, &counted, name](const std::string& model) {
      counted.models_ready.add(-1);
      say->info("backend {}: model {} is not loaded any more", name, model);
    };
    events.refused = [this, name](const std::string& what, const std::string& why) {
      say->warn("backend {}: the router refuses {}: {}", name, what, why);
    };
    events.waiting = [&counted](std::size_t waiting) {
      counted.models_waiting.set(static_cast<std::int64_t>(waiting));
    };
    events.reachable = [this, name](const std::string& why) {
      if (why.empty())
        say->info("backend {}: the router answers again", name);
      else
        say->warn("backend {}: the router's models are not known: {}", name, why);
    };
    return events;
  }

  std::vector<server::worker*> workers() {
    std::vector<server::worker*> result;
    for (auto& t : threads)
      result.push_back(&t->work);
    return result;
  }

  /// Hands settings to the actors and waits until every thread uses them. Main thread.
  bool apply(const actors::settings_ptr& fresh) {
    caf::scoped_actor self{*system};
    bool ok = false;
    self->request(supervisor, apply_patience, fresh)
        .receive([&](bool applied) { ok = applied; },
                 [&](const caf::error& error) {
                   say->error("cannot apply the configuration: {}", actors::render(error));
                 });
    return ok;
  }

  // ---- reload ----

  std::string status_line() const {
    return "listening on " + address + ", " + std::to_string(settings->backends.size()) +
           " backends";
  }

  void reload(const std::string& text) {
    manager.reloading();
    take_over(text);
    manager.ready(status_line());
  }

  /// Says what is wrong with a configuration or was derived from it; what stops nothing only once.
  void tell(const config::load_result& loaded) {
    using config::severity;
    for (const auto& problem : loaded.problems) {
      const auto text = config::render(problem);
      if (problem.level == severity::error || told.insert(text).second)
        say->log(problem.level == severity::error     ? spdlog::level::err
                 : problem.level == severity::warning ? spdlog::level::warn
                                                      : spdlog::level::info,
                 "{}", text);
    }
    if (!loaded || loaded.derived_routes.empty())
      return;
    const auto routes = config::render_derived(*loaded.value, loaded.derived_routes);
    if (told.insert(routes).second)
      say->info("derived routes: {}", routes);
  }

  void note_reload(telemetry::reload_result result, std::vector<std::string> problems) {
    observed->reloaded(result, std::move(problems));
    metrics.config_reloads[result].increment();
  }

  void take_over(const std::string& text) {
    auto loaded = config::with_environment(config::load_text(text, path), variables);
    tell(loaded);
    std::vector<std::string> problems;
    for (const auto& problem : loaded.problems)
      problems.push_back(config::render(problem));
    if (!loaded) {
      say->error("the new configuration is refused, the old one stays in effect");
      note_reload(telemetry::reload_result::rejected, std::move(problems));
      return;
    }
    loaded.value->process.config_path = path;
    auto fresh = std::make_shared<const config::settings>(std::move(*loaded.value));
    const auto& was = settings->listener;
    const auto& now = fresh->listener;
    if (was.host != now.host || was.port != now.port || was.backlog != now.backlog ||
        settings->threads != fresh->threads ||
        settings->limits.reserved_connections != fresh->limits.reserved_connections)
      say->warn("listener address, thread count and limits.reserved_connections change with the "
                "next start only");
    if (const auto warning = cluster_change_warning(*settings, *fresh); !warning.empty())
      say->warn("{}", warning);
    if (!apply(fresh)) {
      note_reload(telemetry::reload_result::rejected, {"the gateway could not apply it"});
      return;
    }
    settings = std::move(fresh);
    limit_connections();
    note_reload(telemetry::reload_result::applied, std::move(problems));
    say->info("configuration reloaded: {} backends, {} routes", settings->backends.size(),
              settings->routes.size());
  }

  void report_unreadable() {
    say->error("cannot read {}, the old configuration stays in effect", path);
    observed->reloaded(telemetry::reload_result::rejected, {"cannot read " + path});
  }

  void renew_certificate(bool always) {
    const auto& tls = settings->listener.tls;
    if (!first.listener.tls.enabled())
      return;
    const auto& used = tls.enabled() ? tls : first.listener.tls;
    const auto stamp = stamp_of(used.certificate);
    if (!always && stamp == certificate_stamp)
      return;
    certificate_stamp = stamp;
    std::string problem;
    auto context = make_server_context(used, problem);
    if (!context) {
      say->error("{}; the old certificate stays in use", problem);
      return;
    }
    for (auto& t : threads)
      asio::post(t->io.context(), [&t = *t, context] { t.listener->renew_certificate(context); });
    say->info("listener certificate renewed");
  }

  void look_for_changes() {
    if (auto text = watcher->poll())
      reload(*text);
    renew_certificate(false);
  }

  void watch() {
    poll.expires_after(poll_interval);
    poll.async_wait([this](error_code ec) {
      if (ec)
        return;
      look_for_changes();
      watch();
    });
  }

  void observe() {
    observed->sample();
    sampling.expires_after(sample_interval);
    sampling.async_wait([this](error_code ec) {
      if (!ec)
        observe();
    });
  }

  void watch_inotify() {
    inotify->async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code ec) {
      if (ec)
        return;
      look_for_changes();
      watch_inotify();
    });
  }

  // ---- signals and end ----

  void wait_for_signal() {
    signals.async_wait([this](error_code ec, int number) {
      if (ec)
        return;
      if (number == SIGHUP) {
        // Before the file is read: the next poll reports what changes from here on.
        watcher->poll();
        std::ifstream file{path};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        if (!file && text.empty())
          report_unreadable();
        else
          reload(text);
        renew_certificate(true);
      } else if (++signals_seen == 1) {
        begin_drain();
      } else {
        say->warn("second signal: ending at once");
        status = 1;
        end();
      }
      wait_for_signal();
    });
  }

  std::size_t running_requests() const {
    std::size_t sum = 0;
    for (const auto& t : threads)
      sum += t->work.exchanges.load(std::memory_order_relaxed);
    return sum;
  }

  void begin_drain() {
    const auto& drain = settings->drain;
    say->info("draining: readiness fails, {} requests in progress", running_requests());
    life.draining = true;
    // stop() waits for connections first and then for the actors.
    manager.stopping(drain.delay + drain.limit + 2 * stop_patience);
    drain_timer.expires_after(drain.delay);
    drain_timer.async_wait([this](error_code ec) {
      if (ec)
        return;
      for (auto& t : threads)
        asio::post(t->io.context(), [&t = *t] {
          t.listener->stop();
          t.work.begin_drain();
        });
      drain_limit = std::chrono::steady_clock::now() + settings->drain.limit;
      await_drained();
    });
  }

  void await_drained() {
    drain_timer.expires_after(20ms);
    drain_timer.async_wait([this](error_code ec) {
      if (ec)
        return;
      if (life.connections == 0) {
        end();
        return;
      }
      if (std::chrono::steady_clock::now() >= drain_limit) {
        say->warn("drain limit reached: cutting {} requests", running_requests());
        end();
        return;
      }
      await_drained();
    });
  }

  void end() {
    poll.cancel();
    sampling.cancel();
    drain_timer.cancel();
    signals.cancel();
    if (inotify) {
      error_code ignored;
      inotify->cancel(ignored);
    }
    main.stop();
  }

  /// Sessions first, then the actors, then the threads, then the actor system: a pinned actor that
  /// outlives its thread would keep the system waiting for ever.
  void stop() {
    for (auto& t : threads)
      asio::post(t->io.context(), [&t = *t] {
        if (t.listener)
          t.listener->stop();
        t.work.abort_all();
      });
    const auto patience = std::chrono::steady_clock::now() + stop_patience;
    while (life.connections > 0 && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(5ms);
    for (auto& t : threads)
      asio::post(t->io.context(), [&t = *t] { t.work.routes.reset(); });
    observed->stop();
    if (supervisor) {
      caf::scoped_actor self{*system};
      self->monitor(supervisor);
      caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
      supervisor = nullptr;
      self->receive([](const caf::down_msg&) {},
                    caf::after(stop_patience) >>
                        [this] { say->error("actors did not end in time"); });
    }
    for (auto& t : threads)
      t->io.release();
    for (auto& t : threads)
      if (t->thread.joinable())
        t->thread.join();
    system.reset();
  }
};

application::application(config::load_result loaded, config::environment variables,
                         std::string port_file) {
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  const auto& settings = *loaded.value;
  const auto count = settings.threads ? settings.threads : cores;
  parts_ = std::make_unique<parts>(settings, std::move(variables), settings.process.config_path,
                                   std::move(port_file), count);
  parts_->descriptors = raise_descriptor_limit();
  parts_->build(count);
  parts_->tell(loaded);
}

application::~application() = default;

int application::run() {
  auto& p = *parts_;
  // Before the listeners: a signal must not find its default action in place.
  p.signals.add(SIGTERM);
  p.signals.add(SIGINT);
  p.signals.add(SIGHUP);
  p.watcher = std::make_unique<config::file_watcher>(p.path);

  tls_context tls;
  if (p.settings->listener.tls.enabled()) {
    std::string problem;
    tls = make_server_context(p.settings->listener.tls, problem);
    if (!tls) {
      p.say->critical("listener: {}", problem);
      p.system.reset();
      return 2;
    }
    p.certificate_stamp = stamp_of(p.settings->listener.tls.certificate);
  }
  std::optional<actors::replica_parts> cluster;
  if (wants_cluster(p.first)) {
    std::string problem;
    cluster = make_replica_parts(p.first, p.variables, p.observed->origin(),
                                 telemetry::make_logger("cluster"), problem);
    if (!cluster) {
      p.say->critical("{}", problem);
      p.system.reset();
      return 2;
    }
  }
  p.limit_connections();
  if (!p.port_is_free() || !p.bind()) {
    p.system.reset();
    return 1;
  }
  p.start_threads();
  p.supervisor = actors::spawn_supervisor(*p.system, p.supervisor_parts());
  if (!p.apply(p.settings)) {
    p.stop();
    return 1;
  }
  p.observed->start(*p.system, p.workers(), p.supervisor, std::move(cluster));
  for (auto& t : p.threads)
    asio::post(t->io.context(), [&t = *t, tls] { t.listener->start(tls); });
  p.life.ready = true;
  const auto port = p.threads.front()->listener->port();
  if (!p.port_file.empty()) {
    std::ofstream file{p.port_file + ".new"};
    file << port << '\n';
    file.close();
    if (!file || std::rename((p.port_file + ".new").c_str(), p.port_file.c_str()) != 0)
      p.say->error("cannot write {}", p.port_file);
  }
  const auto host = p.settings->listener.host.find(':') == std::string::npos
                        ? p.settings->listener.host
                        : "[" + p.settings->listener.host + "]";
  p.address = std::string{tls ? "https" : "http"} + "://" + host + ":" + std::to_string(port);
  p.say->info("synapse {} listening on {}, {} threads, {} backends", version, p.address,
              p.threads.size(), p.settings->backends.size());
  p.log.flush();

  p.wait_for_signal();
  p.manager.ready(p.status_line());
  p.watch();
  p.observe();
  if (p.watcher->inotify_fd() >= 0) {
    // The watcher owns the descriptor; Asio gets a copy of its own.
    p.inotify.emplace(p.main, ::dup(p.watcher->inotify_fd()));
    p.watch_inotify();
  }
  p.main.run();
  p.stop();
  p.say->info("stopped");
  return p.status;
}

} // namespace synapse::app
