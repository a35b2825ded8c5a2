#include "app/observation.hpp"

#include "actors/feed/feed_desk.hpp"
#include "actors/feed/redis/redis_bus.hpp"
#include "actors/feed/terminal_feed.hpp"
#include "config/values/networks.hpp"
#include "config/values/redis_url.hpp"
#include "http/core/request/host_name.hpp"
#include "http/openapi/api_routes.hpp"
#include "http/server/connection/worker.hpp"
#include "http/server/traffic/traffic_desk.hpp"

#include <boost/asio/ip/address.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>
#include <string_view>

namespace synapse::app {

namespace {
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view installed_at = "share/synapse/dashboard";

/// Two replicas must not have the same one, even when they start at the same moment.
std::uint64_t random_number() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

bool is_loopback(const std::string& host) {
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host, ec);
  return ec ? host == "localhost" : address.is_loopback();
}

api::dashboard_gate_options gate_options(const config::settings& settings) {
  api::dashboard_gate_options options;
  options.token = settings.process.dashboard_access_token;
  options.cookie_name = settings.process.dashboard_cookie_name;
  options.cookie_secure = settings.process.dashboard_cookie_secure;
  options.loopback = is_loopback(settings.listener.host);
  options.proxies = config::networks_of(settings.process.trusted_proxies);
  return options;
}

/// `bin/synapse` is installed beside `share/`.
fs::path beside_program() {
  std::error_code ec;
  const auto program = fs::read_symlink("/proc/self/exe", ec);
  return program.parent_path().parent_path() / installed_at;
}

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::map<std::string, telemetry::health_sample> samples_of(const actors::health_report& round,
                                                           std::int64_t at_ms) {
  std::map<std::string, telemetry::health_sample> result;
  for (const auto& one : round.backends) {
    telemetry::health_sample sample;
    sample.at_ms = at_ms;
    sample.health = one.busy          ? telemetry::backend_health::busy
                    : one.code == 200 ? telemetry::backend_health::healthy
                                      : telemetry::backend_health::unhealthy;
    if (one.code != 0)
      sample.latency_ms = static_cast<double>(one.duration_us) / 1000;
    sample.path = one.path;
    if (one.busy)
      sample.reason = "it works at all it takes at once";
    else if (one.code == 0)
      sample.reason = "health check: " + (one.error.empty() ? "no answer" : one.error);
    else if (one.code != 200)
      sample.reason = "health check: status " + std::to_string(one.code);
    result.emplace(one.backend, sample);
  }
  return result;
}

/// Counts what people ask: the dashboard's own questions and probes would drown it.
std::function<std::int64_t()> count_in_flight(telemetry::gateway_metrics& metrics) {
  std::set<std::string_view> routes{api::configured_route};
  for (const auto& one : api::api_routes())
    if (api::is_traffic(one))
      routes.insert(one.path);
  std::vector<telemetry::gauge> counted;
  for (const auto route : routes)
    counted.push_back(metrics.route(route).in_flight);
  return [counted = std::move(counted)] {
    std::int64_t sum = 0;
    for (const auto& one : counted)
      sum += one.value();
    return sum;
  };
}
} // namespace

observation::observation(const config::settings& settings, telemetry::log_system& log,
                         telemetry::gateway_metrics& metrics, api::services& all)
    : process_(settings.process), metrics_(metrics), all_(all),
      say_(telemetry::make_logger("dashboard")), origin_(random_number()),
      gate_(gate_options(settings)) {
  const auto directory =
      process_.dashboard_dir.empty() ? beside_program() : fs::path{process_.dashboard_dir};
  std::string problem;
  files_ = api::dashboard_files::load(directory, problem);
  if (files_.empty())
    say_->info("the dashboard's front end is not there ({}); `make dashboard` builds it", problem);
  tell_gate(settings);
  all_.process = &process_;
  all_.gate = &gate_;
  all_.files = &files_;
  all_.traffic = &traffic_;
  all_.health = &health_;
  all_.reloads = &reloads_;
  all_.feed_origin = origin_;
  auto& registry = metrics.registry();
  all_.feed_viewers =
      registry.gauges("synapse_feed_viewers", "Viewers of the terminal feed.").with({});
  const auto lost =
      registry.counters("synapse_feed_lines_dropped_total",
                        "Lines of the terminal feed that were lost, by where.", {"where"});
  all_.feed_lines_lost = lost.with({"viewer"});
  if (process_.terminal_feed.mode == "live") {
    inbox_ = std::make_shared<feed::feed_inbox>();
    log.add_sink(inbox_);
    callbacks_.push_back(registry.callback(
        "synapse_feed_inbox_dropped_total",
        "Lines lost because the terminal feed did not take them in time.",
        telemetry::metric_kind::counter, {},
        [inbox = inbox_](const auto& write) { write({}, static_cast<double>(inbox->dropped())); }));
  }
}

observation::~observation() = default;

void observation::tell_gate(const config::settings& settings) const {
  if (gate_.has_token())
    return;
  const auto& names = settings.listener.hosts;
  const auto named = std::find_if(names.begin(), names.end(),
                                  [](const auto& name) { return !http::is_loopback_host(name); });
  if (gate_.is_open() && named == names.end()) // as it is meant to be on a machine of one's own
    say_->info(
        "the dashboard is open to everybody on this machine, and through a reverse proxy on it "
        "to everybody: SYNAPSE_DASHBOARD_ACCESS_TOKEN is not set");
  else
    say_->warn("the dashboard is closed: {}, and SYNAPSE_DASHBOARD_ACCESS_TOKEN is not set",
               !settings.process.trusted_proxies.empty() ? "SYNAPSE_TRUSTED_PROXIES names proxies"
               : gate_.is_open()                         ? "listener.hosts names " + *named
                                 : settings.listener.host + " is no loopback address");
}

void observation::start(caf::actor_system& system, const std::vector<server::worker*>& workers,
                        const actors::supervisor_actor& supervisor,
                        std::optional<actors::replica_parts> cluster) {
  for (auto* work : workers)
    all_.traffic_desks.push_back(caf::actor_cast<actors::traffic_desk_actor>(
        actors::spawn_pinned<server::traffic_desk>(work->unit, *work)));
  for (const auto* work : workers)
    all_.finished.push_back(&work->finished);
  all_.requests_in_flight = count_in_flight(metrics_);
  if (inbox_) {
    const auto& settings = process_.terminal_feed;
    actors::terminal_feed_parts parts;
    parts.inbox = inbox_;
    parts.instance = process_.instance_id;
    parts.origin = origin_;
    parts.ring_lines = settings.buffer_size;
    parts.max_line_chars = settings.max_line_chars;
    parts.redact_extra_patterns = settings.redact_extra_patterns;
    feed_ = actors::spawn_terminal_feed(system, std::move(parts));
    for (auto* work : workers) {
      actors::feed_desk_actor desk =
          actors::spawn_pinned<client::feed_desk>(work->unit, settings.buffer_size);
      all_.feed_desks.push_back(desk);
      caf::anon_send(feed_, desk);
    }
    if (settings.bus_mode == "redis")
      start_redis(system);
  }
  if (cluster)
    start_cluster(system, supervisor, std::move(*cluster));
  actors::health_watch_parts watched;
  watched.supervisor = supervisor;
  watched.on_round = [this](const actors::health_report& round) { on_round(round); };
  watch_ = actors::spawn_health_watch(system, std::move(watched));
  all_.check_health = [watch = watch_] { caf::anon_send(watch, actors::check_atom::value); };
  sample(); // before the first request: it is to be in the first step
}

void observation::start_redis(caf::actor_system& system) {
  const auto& settings = process_.terminal_feed;
  const auto url = config::parse_redis_url(settings.redis_url);
  if (!url.value)
    return; // refused before the start
  bus_stats_ = std::make_shared<actors::feed_bus_stats>();
  count_bus();
  actors::redis_bus_parts parts;
  parts.url = *url.value;
  parts.channel = settings.redis_channel;
  parts.origin = origin_;
  parts.feed = feed_;
  parts.limits.connect_timeout = std::chrono::seconds{settings.redis_connect_timeout_seconds};
  parts.stats = bus_stats_;
  parts.report = [say = telemetry::make_logger("redis")](telemetry::log_level level,
                                                         const std::string& text) {
    say->log(level == telemetry::log_level::info      ? spdlog::level::info
             : level == telemetry::log_level::warning ? spdlog::level::warn
                                                      : spdlog::level::err,
             "{}", text);
  };
  redis_ = actors::spawn_redis_bus(system, std::move(parts));
  set_bus(redis_);
}

void observation::start_cluster(caf::actor_system& system,
                                const actors::supervisor_actor& supervisor,
                                actors::replica_parts parts) {
  auto& registry = metrics_.registry();
  const auto members =
      registry.gauges("synapse_cluster_members", "Other replicas that are up.").with({});
  const auto lines =
      registry.counters("synapse_cluster_lines_total",
                        "Lines of the terminal feed between replicas, by result.", {"result"});
  const auto count_lines = [](const telemetry::counter& by) {
    return [by](std::size_t more) { by.add(more); };
  };
  parts.feed = feed_;
  parts.members_up = [members](std::size_t now) { members.set(static_cast<std::int64_t>(now)); };
  parts.lines_sent = count_lines(lines.with({"sent"}));
  parts.lines_received = count_lines(lines.with({"received"}));
  parts.lines_dropped = count_lines(lines.with({"dropped"}));
  const auto strangers =
      registry
          .gauges("synapse_cluster_strangers",
                  "Connections to the cluster's port that have not shown the secret yet.")
          .with({});
  parts.strangers = [strangers](std::size_t now) { strangers.set(static_cast<std::int64_t>(now)); };
  parts.strangers_refused =
      [refused = registry.counters("synapse_cluster_strangers_refused_total",
                                   "Connections to the cluster's port that were turned away.",
                                   {"reason"})](std::string_view why) {
        refused.with({why}).increment();
      };
  const auto started = actors::spawn_cluster(system, std::move(parts));
  {
    const std::lock_guard lock{notes_mutex_};
    cluster_ = started;
    for (const auto& [name, note] : notes_)
      caf::anon_send(cluster_, note);
  }
  all_.cluster = started;
  set_bus(started);
  caf::anon_send(started, actors::listen_atom::value, actors::peer_note_listener{supervisor});
}

void observation::circuit_changed(const std::string& backend, actors::circuit to) {
  const std::lock_guard lock{notes_mutex_};
  auto& note = notes_[backend];
  note.backend = backend;
  note.state = to;
  if (cluster_)
    caf::anon_send(cluster_, note);
}

void observation::on_round(const actors::health_report& round) {
  for (const auto& one : round.backends)
    if (!one.path.empty() && health_.last(one.backend).path != one.path)
      say_->info(
          "backend {}: its health is asked at {}, which answers where the usual path does not",
          one.backend, one.path);
  health_.record(samples_of(round, unix_ms()));
  const std::lock_guard lock{notes_mutex_};
  for (const auto& one : round.backends) {
    auto& note = notes_[one.backend];
    const bool healthy = one.code == 200 || one.busy;
    const bool is_new = note.backend.empty();
    if (!is_new && note.healthy == healthy)
      continue;
    note.backend = one.backend;
    note.healthy = healthy;
    note.detail = healthy ? std::string{} : one.error;
    if (cluster_)
      caf::anon_send(cluster_, note);
  }
}

void observation::count_bus() {
  auto& registry = metrics_.registry();
  const auto number = [](const auto& value) { return static_cast<double>(value.load()); };
  callbacks_.push_back(registry.callback(
      "synapse_feed_bus_connected", "1 while the feed's bus is connected.",
      telemetry::metric_kind::gauge, {},
      [stats = bus_stats_](const auto& write) { write({}, stats->connected.load() ? 1 : 0); }));
  callbacks_.push_back(registry.callback(
      "synapse_feed_bus_connections_lost_total", "Connections of the bus that failed or were lost.",
      telemetry::metric_kind::counter, {},
      [stats = bus_stats_, number](const auto& write) { write({}, number(stats->faults)); }));
  callbacks_.push_back(registry.callback(
      "synapse_feed_bus_lines_total", "Lines on the feed's bus, by what became of them.",
      telemetry::metric_kind::counter, {"result"}, [stats = bus_stats_, number](const auto& write) {
        write({"published"}, number(stats->published));
        write({"received"}, number(stats->received));
        write({"dropped"}, number(stats->dropped));
        write({"overflowed"}, number(stats->overflowed));
        write({"garbage"}, number(stats->garbage));
        write({"oversize"}, number(stats->oversize));
        write({"other_version"}, number(stats->other_versions));
      }));
}

void observation::read_requests(telemetry::access_log& log) const {
  if (inbox_)
    log.set_reader([inbox = inbox_](std::string_view lines) {
      inbox->add_requests(lines, std::chrono::system_clock::now());
    });
}

void observation::set_bus(const actors::feed_bus_actor& bus) {
  if (feed_)
    caf::anon_send(feed_, bus);
}

void observation::sample() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_sample_)
    return;
  next_sample_ = now + std::chrono::seconds{telemetry::traffic_history::interval_seconds};
  traffic_.record(metrics_.totals(api::is_traffic_route), unix_ms());
}

void observation::reloaded(telemetry::reload_result result, std::vector<std::string> problems) {
  reloads_.add({unix_ms(), result, std::move(problems)});
}

void observation::stop() {
  const auto end = [](auto& actor) {
    if (actor)
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = nullptr;
  };
  all_.check_health = [] {};
  end(watch_);
  all_.cluster = nullptr;
  {
    const std::lock_guard lock{notes_mutex_};
    end(cluster_);
  }
  end(redis_);
  end(feed_);
  for (auto& desk : all_.feed_desks)
    end(desk);
  all_.feed_desks.clear();
  for (auto& desk : all_.traffic_desks)
    end(desk);
  all_.traffic_desks.clear();
}

} // namespace synapse::app
