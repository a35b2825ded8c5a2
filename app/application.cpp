#include "app/application.hpp"

#include "app/boot/connection_budget.hpp"
#include "app/boot/control_plane.hpp"
#include "app/boot/engine.hpp"
#include "app/boot/entrance.hpp"
#include "app/boot/instruments.hpp"
#include "app/boot/surface.hpp"
#include "app/cluster_setup.hpp"
#include "app/drain.hpp"
#include "app/process/service_manager.hpp"
#include "app/process/ticker.hpp"
#include "app/reload/configuration.hpp"
#include "app/reload/configuration_watch.hpp"
#include "app/version.hpp"

#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>

namespace synapse::app {

namespace {

constexpr auto sample_interval = std::chrono::seconds{1};

unsigned thread_count(const config::settings& settings) {
  return settings.threads ? settings.threads : std::max(1u, std::thread::hardware_concurrency());
}

} // namespace

/// Members in order of construction: each may use those above it.
struct application::parts {
  const config::settings first; ///< of the start
  const config::origins from;
  const config::environment variables;
  const std::string port_file;
  const service_manager manager{variables};

  instruments tools{first, thread_count(first)};
  connection_budget budget{tools};
  surface served{first, tools};
  entrance door{first, *tools.say};
  engine machine{thread_count(first), first, served.life, served.table, tools};
  control_plane control{first, variables, tools, served.observed, machine};
  configuration current{first,
                        from,
                        variables,
                        tools,
                        served.observed,
                        {.apply = [this](const auto& fresh) { return control.apply(fresh); },
                         .applied = [this](const auto&) { limit_connections(); },
                         .follow = [this](const auto& files) { watch.follow(files); }}};

  boost::asio::io_context main{1};
  boost::asio::signal_set signals{main};
  configuration_watch watch{main,
                            first.process.config_path,
                            {.changed = [this](const auto& text) { reload(text); },
                             .unreadable = [this] { current.unreadable(); },
                             .looked = [this] { renew_certificate(false); }}};
  ticker sampling{main, sample_interval, [this] { served.observed.sample(); }};
  drain way_out{
      main, {served, machine, control, current, manager, *tools.say}, [this] { leave(); }};
  int signals_seen = 0;
  int status = 0;

  parts(const config::load_result& loaded, config::origins files, config::environment env,
        std::string port)
      : first(*loaded.value), from(std::move(files)), variables(std::move(env)),
        port_file(std::move(port)) {
    for (const auto& t : machine.threads())
      served.observed.read_requests(t->log);
    current.tell(loaded);
    watch.follow(loaded.files);
  }

  // ---- start ----

  /// @returns 0 when clients are let in, else the process's exit status
  int boot() {
    // Before the listeners: a signal must not find its default action in place.
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
      signals.add(number);
    std::optional<actors::replica_parts> cluster;
    if (!door.read_certificate() || !read_cluster(cluster))
      return 2;
    limit_connections();
    if (!door.bind(machine, budget.limits()))
      return 1;
    machine.start();
    control.start();
    if (!control.apply(current.settings())) {
      way_out.stop();
      return 1;
    }
    served.observed.start(machine.system(), machine.workers(), control.supervisor(),
                          std::move(cluster));
    door.open(machine);
    served.life.ready = true;
    tell_where();
    return 0;
  }

  /// False when this is to be a replica and cannot; it was told why.
  bool read_cluster(std::optional<actors::replica_parts>& cluster) {
    if (!wants_cluster(first))
      return true;
    std::string problem;
    cluster = make_replica_parts(first, variables, served.observed.origin(),
                                 telemetry::make_logger("cluster"), problem);
    if (!cluster)
      tools.say->critical("{}", problem);
    return cluster.has_value();
  }

  void tell_where() {
    tools.say->info("synapse {} listening on {}, {} threads, {} backends", version, door.url(),
                    machine.threads().size(), current.settings()->backends.size());
    tools.log.flush();
    // Behind the log: whoever has waited for the port finds all that was said of the start.
    if (!port_file.empty() && !write_port_file(port_file, door.port())) {
      tools.say->error("cannot write {}", port_file);
      tools.log.flush();
    }
  }

  // ---- until the end ----

  void serve() {
    wait_for_signal();
    manager.ready(status_line());
    watch.start();
    sampling.start();
    main.run();
    way_out.stop();
    tools.say->info("stopped");
  }

  void wait_for_signal() {
    signals.async_wait([this](boost::system::error_code ec, int number) {
      if (ec)
        return;
      on_signal(number);
      wait_for_signal();
    });
  }

  void on_signal(int number) {
    if (number == SIGHUP) {
      watch.read_now();
      renew_certificate(true);
    } else if (++signals_seen == 1) {
      way_out.begin();
    } else {
      tools.say->warn("second signal: ending at once");
      status = 1;
      leave();
    }
  }

  void reload(const std::string& text) {
    manager.reloading();
    current.take_over(text);
    manager.ready(status_line());
  }

  std::string status_line() const {
    return "listening on " + door.url() + ", " +
           std::to_string(current.settings()->backends.size()) + " backends";
  }

  void limit_connections() {
    budget.set(*current.settings(), static_cast<unsigned>(machine.threads().size()));
  }

  void renew_certificate(bool always) {
    door.renew_certificate(machine, *current.settings(), always);
  }

  /// Has serve() go on to the stop.
  void leave() {
    watch.stop();
    sampling.stop();
    way_out.cancel();
    signals.cancel();
    main.stop();
  }
};

application::application(const config::load_result& loaded, config::origins from,
                         config::environment variables, std::string port_file)
    : parts_(std::make_unique<parts>(loaded, std::move(from), std::move(variables),
                                     std::move(port_file))) {}

application::~application() = default;

int application::run() {
  if (const int failed = parts_->boot(); failed != 0)
    return failed;
  parts_->serve();
  return parts_->status;
}

} // namespace synapse::app
