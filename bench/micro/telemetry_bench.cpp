/// What telemetry costs per event and per request on an I/O thread.
#include "actors/feed/feed_inbox.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/log_redactor.hpp"
#include "telemetry/logging.hpp"

#include <benchmark/benchmark.h>
#include <spdlog/logger.h>

#include <cstdint>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace {

using namespace synapse::telemetry;

struct fixture {
  metric_registry registry{2};
  gateway_metrics metrics{registry, "bench"};
  route_metrics& route = metrics.route("/v1/chat/completions");
  backend_metrics& backend = metrics.backend("llama-router");
};

fixture& shared_fixture() {
  static fixture all;
  return all;
}

/// Puts a benchmark's thread on an I/O thread's shard.
struct on_shard {
  explicit on_shard(int index) { set_shard(static_cast<unsigned>(index)); }
  ~on_shard() { clear_shard(); }
};

access_record record() {
  return {.id = "0af7651916cd43dd8448eb211c80319c",
          .client = "192.168.17.231",
          .method = "POST",
          .path = "/v1/chat/completions",
          .status = 200,
          .route = "/v1/chat/completions",
          .backend = "llama-router",
          .attempts = 1,
          .detail = "via_upstream",
          .duration_ns = 1'234'567,
          .overhead_ns = 81'999,
          .first_byte_ns = 900'000,
          .bytes_in = 512,
          .bytes_out = 20'480,
          .stream = "complete"};
}

/// Everything that one forwarded request counts.
void count_request(fixture& f, std::int64_t duration_ns) {
  f.route.in_flight.increment();
  f.backend.permit_wait.observe_ns(0);
  f.backend.in_flight.increment();
  f.backend.pool_idle.decrement();
  f.backend.pool_active.increment();
  f.backend.attempts[attempt_result::ok].increment();
  f.route.first_token(f.backend).observe_ns(duration_ns / 2);
  f.backend.pool_active.decrement();
  f.backend.pool_idle.increment();
  f.backend.in_flight.decrement();
  f.route.stream_events.add(17);
  f.route.stream_ends[stream_end::complete].increment();
  f.metrics.bytes_in.add(512);
  f.metrics.bytes_out.add(20'480);
  f.route.requests(200).increment();
  f.route.duration.observe_ns(duration_ns);
  f.route.overhead.observe_ns(81'999);
  f.route.in_flight.decrement();
}

void counter_own_shard(benchmark::State& state) {
  on_shard shard(state.thread_index());
  auto metric = shared_fixture().backend.retries;
  for (auto _ : state)
    metric.increment();
}
BENCHMARK(counter_own_shard)->Threads(1)->Threads(2);

void counter_shared_shard(benchmark::State& state) {
  auto metric = shared_fixture().backend.retries;
  for (auto _ : state)
    metric.increment();
}
BENCHMARK(counter_shared_shard)->Threads(1)->Threads(2);

void counter_by_status(benchmark::State& state) {
  on_shard shard(0);
  auto& route = shared_fixture().route;
  for (auto _ : state)
    route.requests(200).increment();
}
BENCHMARK(counter_by_status);

void histogram_observe(benchmark::State& state) {
  on_shard shard(state.thread_index());
  auto metric = shared_fixture().route.duration;
  std::uint64_t value = 88'172'645'463'325'252u;
  for (auto _ : state) {
    value ^= value << 13, value ^= value >> 7, value ^= value << 17; // no pattern to predict
    metric.observe_ns(static_cast<std::int64_t>(value >> (30 + (value & 15))));
  }
}
BENCHMARK(histogram_observe)->Threads(1)->Threads(2);

void access_log_line(benchmark::State& state) {
  int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  {
    access_log_output output(fd);
    access_log log(output);
    auto request = record();
    for (auto _ : state) {
      log.write(request);
      ++request.duration_ns;
    }
  }
  ::close(fd);
}
BENCHMARK(access_log_line);

void whole_request(benchmark::State& state) {
  on_shard shard(state.thread_index());
  int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  {
    access_log_output output(fd);
    access_log log(output);
    auto request = record();
    for (auto _ : state) {
      count_request(shared_fixture(), request.duration_ns);
      log.write(request);
      request.duration_ns += 997;
    }
  }
  ::close(fd);
}
BENCHMARK(whole_request)->Threads(1)->Threads(2);

void redact_harmless_line(benchmark::State& state) {
  log_redactor redactor;
  std::string out;
  for (auto _ : state) {
    out.clear();
    redactor.redact(
        "backend llama-router at 10.42.0.17:8080 is healthy again after 3 failed probes "
        "and 31 seconds; the circuit breaker is closed",
        out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(redact_harmless_line);

void redact_secret_line(benchmark::State& state) {
  log_redactor redactor;
  std::string out;
  for (auto _ : state) {
    out.clear();
    redactor.redact("request refused, Authorization: Bearer 0123456789abcdef0123456789abcdef, "
                    "redis://:hunter2@10.42.0.9:6379/0 {\"api_key\": \"0123456789\"}",
                    out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(redact_secret_line);

void log_call(benchmark::State& state) {
  int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  {
    log_system log({.fd = fd});
    auto logger = make_logger("bench");
    for (auto _ : state)
      logger->info("backend {} answered {} after {} us", "llama-router", 200, 1234);
  }
  ::close(fd);
}
BENCHMARK(log_call);

/// The same with the terminal feed's inbox as a reader, which nobody empties: the worst case.
void log_call_with_feed(benchmark::State& state) {
  int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  {
    log_system log({.fd = fd});
    auto inbox = std::make_shared<synapse::feed::feed_inbox>();
    inbox->on_first_line([] {});
    log.add_sink(inbox);
    auto logger = make_logger("bench");
    for (auto _ : state)
      logger->info("backend {} answered {} after {} us", "llama-router", 200, 1234);
  }
  ::close(fd);
}
BENCHMARK(log_call_with_feed);

/// A line of the access log with the feed as its reader: per request, what is flushed included.
void access_log_line_with_feed(benchmark::State& state) {
  int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  {
    access_log_output output(fd);
    access_log log(output);
    synapse::feed::feed_inbox inbox;
    log.set_reader([&](std::string_view lines) {
      inbox.add_requests(lines, std::chrono::system_clock::now());
    });
    auto request = record();
    for (auto _ : state) {
      log.write(request);
      ++request.duration_ns;
    }
  }
  ::close(fd);
}
BENCHMARK(access_log_line_with_feed);

void scrape(benchmark::State& state) {
  auto& f = shared_fixture();
  auto family = f.registry.counters("bench_many_total", "x", {"route", "code"}, 5000);
  for (int i = 0; i < 5000; ++i)
    family.with({"/v1/chat/completions", std::to_string(i)}).add(123456);
  std::string out;
  for (auto _ : state) {
    out.clear();
    f.registry.render(out);
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(scrape)->Unit(benchmark::kMicrosecond);

} // namespace
