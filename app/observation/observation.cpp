#include "app/observation/observation.hpp"

#include "actors/feed/feed_bus_stats.hpp"
#include "actors/feed/feed_desk.hpp"
#include "actors/feed/redis/redis_bus.hpp"
#include "actors/feed/terminal_feed.hpp"
#include "app/observation/dashboard_setup.hpp"
#include "app/version.hpp"
#include "config/values/redis_url.hpp"
#include "http/openapi/api_routes.hpp"
#include "http/openapi/document.hpp"
#include "http/server/connection/worker.hpp"
#include "http/server/traffic/traffic_desk.hpp"
#include "telemetry/metric_families.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <random>
#include <set>
#include <string_view>

namespace synapse::app {

namespace {

/// Two replicas must not have the same one, even when they start at the same moment.
std::uint64_t random_number() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
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
    sample.health = one.busy        ? telemetry::backend_health::busy
                    : one.is_well() ? telemetry::backend_health::healthy
                                    : telemetry::backend_health::unhealthy;
    if (one.code != 0 || one.unasked)
      sample.latency_ms = static_cast<double>(one.duration_us) / 1000;
    sample.path = one.path;
    if (one.busy)
      sample.reason = "it works at all it takes at once";
    else if (one.is_well())
      sample.reason.clear();
    else if (one.code == 0 || one.code == 200)
      sample.reason = "health check: " + (one.error.empty() ? "no answer" : one.error);
    else if (one.code != 200)
      sample.reason = "health check: status " + std::to_string(one.code);
    result.emplace(one.backend, sample);
  }
  return result;
}

/// What the feed's bus has done becomes metrics. @param add where their registrations go
void count_bus(telemetry::metric_registry& registry,
               const std::shared_ptr<const actors::feed_bus_stats>& stats,
               std::vector<telemetry::callback_registration>& add) {
  const auto number = [](const auto& value) { return static_cast<double>(value.load()); };
  add.push_back(telemetry::feed_bus_connected(
      registry, [stats](const auto& write) { write({}, stats->connected.load() ? 1 : 0); }));
  add.push_back(telemetry::feed_bus_connections_lost(
      registry, [stats, number](const auto& write) { write({}, number(stats->faults)); }));
  add.push_back(telemetry::feed_bus_lines(registry, [stats, number](const auto& write) {
    write({"published"}, number(stats->published));
    write({"received"}, number(stats->received));
    write({"dropped"}, number(stats->dropped));
    write({"overflowed"}, number(stats->overflowed));
    write({"garbage"}, number(stats->garbage));
    write({"oversize"}, number(stats->oversize));
    write({"other_version"}, number(stats->other_versions));
  }));
}

/// Has a replica count what it exchanges with the others.
void count_replicas(telemetry::metric_registry& registry, actors::replica_parts& parts) {
  const telemetry::cluster_families families{registry};
  const auto show = [](const telemetry::gauge& in) {
    return [in](std::size_t now) { in.set(static_cast<std::int64_t>(now)); };
  };
  const auto count = [](const telemetry::counter& by) {
    return [by](std::size_t more) { by.add(more); };
  };
  parts.members_up = show(families.members.with({}));
  parts.lines_sent = count(families.lines.with({"sent"}));
  parts.lines_received = count(families.lines.with({"received"}));
  parts.lines_dropped = count(families.lines.with({"dropped"}));
  parts.strangers = show(families.strangers.with({}));
  parts.strangers_refused = [refused = families.strangers_refused](std::string_view why) {
    refused.with({why}).increment();
  };
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

/// Those of the API's routes that a backend serves.
std::vector<api::backend_services::served_route> served_routes() {
  std::vector<api::backend_services::served_route> result;
  for (const auto& one : api::api_routes())
    if (!one.backend.empty())
      result.push_back({one.method, one.path, one.tag});
  return result;
}
} // namespace

observation::observation(const config::settings& settings, telemetry::log_system& log,
                         telemetry::gateway_metrics& metrics, const server::lifecycle& life)
    : process_(settings.process), metrics_(metrics), say_(telemetry::make_logger("dashboard")),
      origin_(random_number()), gate_(gate_options(settings)) {
  std::string problem;
  files_ = api::dashboard_files::load(dashboard_directory(process_), problem);
  if (files_.empty())
    say_->info("the dashboard's front end is not there ({}); `make dashboard` builds it", problem);
  tell_gate(gate_, settings, *say_);
  pages_.files = &files_;
  pages_.docs = api::make_docs_page(version);
  replica_.process = &process_;
  replica_.life = &life;
  replica_.reloads = &reloads_;
  replica_.version = version;
  replica_.started = std::chrono::system_clock::now();
  sessions_ = {&gate_, &replica_};
  backends_.health = &health_;
  backends_.routes = served_routes();
  overview_ = {&traffic_, &replica_, &backends_, &requests_};
  prepare_feed(log);
}

void observation::offer(api::service_set& services) {
  services.add(gate_);
  services.add<const api::page_services>(pages_);
  services.add<const api::replica_services>(replica_);
  services.add<const api::session_services>(sessions_);
  services.add<const api::backend_services>(backends_);
  services.add<const api::request_services>(requests_);
  services.add<const api::overview_services>(overview_);
  services.add<const api::feed_services>(viewing_);
}

void observation::prepare_feed(telemetry::log_system& log) {
  viewing_.gate = &gate_;
  viewing_.replica = &replica_;
  viewing_.origin = origin_;
  const telemetry::feed_families families{metrics_.registry()};
  viewing_.viewers = families.viewers.with({});
  viewing_.lines_lost = families.lines_dropped.with({"viewer"});
  if (process_.terminal_feed.mode == "live") {
    inbox_ = std::make_shared<feed::feed_inbox>();
    log.add_sink(inbox_);
    callbacks_.push_back(
        telemetry::feed_inbox_dropped(metrics_.registry(), [inbox = inbox_](const auto& write) {
          write({}, static_cast<double>(inbox->dropped()));
        }));
  }
}

observation::~observation() = default;

void observation::start(caf::actor_system& system, const std::vector<server::worker*>& workers,
                        const actors::supervisor_actor& supervisor,
                        std::optional<actors::replica_parts> cluster) {
  for (auto* work : workers)
    requests_.desks.push_back(caf::actor_cast<actors::traffic_desk_actor>(
        actors::spawn_pinned<server::traffic_desk>(work->unit, *work)));
  for (const auto* work : workers) {
    requests_.finished.push_back(&work->finished);
    requests_.traces.push_back(&work->traces);
  }
  requests_.in_flight = count_in_flight(metrics_);
  deployments_.emplace(metrics_.registry(), workers);
  if (inbox_)
    start_feed(system, workers);
  if (cluster)
    start_cluster(system, supervisor, std::move(*cluster));
  actors::health_watch_parts watched;
  watched.supervisor = supervisor;
  watched.on_round = [this](const actors::health_report& round) { on_round(round); };
  watch_ = actors::spawn_health_watch(system, std::move(watched));
  backends_.check_health = [watch = watch_] { caf::anon_send(watch, actors::check_atom::value); };
  sample(); // before the first request: it is to be in the first step
}

void observation::start_feed(caf::actor_system& system,
                             const std::vector<server::worker*>& workers) {
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
    viewing_.desks.push_back(desk);
    caf::anon_send(feed_, desk);
  }
  if (settings.bus_mode == "redis")
    start_redis(system);
}

void observation::start_redis(caf::actor_system& system) {
  const auto& settings = process_.terminal_feed;
  const auto url = config::parse_redis_url(settings.redis_url);
  if (!url.value)
    return; // refused before the start
  const auto stats = std::make_shared<actors::feed_bus_stats>();
  count_bus(metrics_.registry(), stats, callbacks_);
  actors::redis_bus_parts parts;
  parts.url = *url.value;
  parts.channel = settings.redis_channel;
  parts.origin = origin_;
  parts.feed = feed_;
  parts.limits.connect_timeout = std::chrono::seconds{settings.redis_connect_timeout_seconds};
  parts.stats = stats;
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
  parts.feed = feed_;
  count_replicas(metrics_.registry(), parts);
  const auto started = actors::spawn_cluster(system, std::move(parts));
  notes_.tell(started);
  replica_.cluster = started;
  set_bus(started);
  caf::anon_send(started, actors::listen_atom::value, actors::peer_note_listener{supervisor});
}

void observation::on_round(const actors::health_report& round) {
  for (const auto& one : round.backends)
    if (!one.path.empty() && health_.last(one.backend).path != one.path)
      say_->info(
          "backend {}: its health is asked at {}, which answers where the usual path does not",
          one.backend, one.path);
  health_.record(samples_of(round, unix_ms()));
  notes_.health_seen(round);
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
  backends_.check_health = [] {};
  end(watch_);
  replica_.cluster = nullptr;
  notes_.end_cluster();
  end(redis_);
  end(feed_);
  for (auto& desk : viewing_.desks)
    end(desk);
  viewing_.desks.clear();
  for (auto& desk : requests_.desks)
    end(desk);
  requests_.desks.clear();
}

} // namespace synapse::app
