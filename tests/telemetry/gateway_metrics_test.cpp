#include "telemetry/gateway_metrics.hpp"
#include "telemetry/process_metrics.hpp"
#include "tests/telemetry/exposition_parser.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace synapse::telemetry {
namespace {

using test::scrape;

struct gateway_metrics_test : testing::Test {
  metric_registry registry{2};
  gateway_metrics metrics{registry, "1.2.3"};
};

TEST_F(gateway_metrics_test, every_metric_is_exposed_with_its_labels) {
  auto& route = metrics.route("/v1/chat/completions");
  auto& backend = metrics.backend("llama");
  route.requests(200).increment();
  route.first_token(backend).observe_ns(42'000'000);
  metrics.local_replies(3, "rate_limited").increment();
  auto dropped = metrics.count_dropped_lines("access", [] { return 7u; });
  auto read = scrape(registry);

  const std::map<std::string, std::pair<std::string, std::set<std::string>>> expected{
      {"synapse_requests_total", {"counter", {"route", "code"}}},
      {"synapse_request_duration_seconds", {"histogram", {"route"}}},
      {"synapse_overhead_seconds", {"histogram", {"route"}}},
      {"synapse_first_token_seconds", {"histogram", {"route", "backend"}}},
      {"synapse_requests_in_flight", {"gauge", {"route"}}},
      {"synapse_connections", {"gauge", {"state"}}},
      {"synapse_connections_total", {"counter", {}}},
      {"synapse_connections_rejected_total", {"counter", {}}},
      {"synapse_upstream_attempts_total", {"counter", {"backend", "result"}}},
      {"synapse_upstream_retries_total", {"counter", {"backend"}}},
      {"synapse_upstream_stale_connections_total", {"counter", {"backend"}}},
      {"synapse_upstream_connect_seconds", {"histogram", {"backend"}}},
      {"synapse_permit_wait_seconds", {"histogram", {"backend"}}},
      {"synapse_model_wait_seconds", {"histogram", {"backend"}}},
      {"synapse_model_load_seconds", {"histogram", {"backend"}}},
      {"synapse_model_loads_total", {"counter", {"backend", "result"}}},
      {"synapse_models_ready", {"gauge", {"backend"}}},
      {"synapse_model_requests_waiting", {"gauge", {"backend"}}},
      {"synapse_permits_denied_total", {"counter", {"backend", "reason"}}},
      {"synapse_breaker_state", {"gauge", {"backend"}}},
      {"synapse_breaker_opened_total", {"counter", {"backend"}}},
      {"synapse_upstream_in_flight", {"gauge", {"backend"}}},
      {"synapse_upstream_waiting", {"gauge", {"backend"}}},
      {"synapse_pool_connections", {"gauge", {"backend", "state"}}},
      {"synapse_stream_ends_total", {"counter", {"route", "kind"}}},
      {"synapse_stream_events_total", {"counter", {"route"}}},
      {"synapse_malformed_events_total", {"counter", {"route"}}},
      {"synapse_client_disconnects_total", {"counter", {"route", "phase"}}},
      {"synapse_cancel_latency_seconds", {"histogram", {}}},
      {"synapse_local_replies_total", {"counter", {"detail"}}},
      {"synapse_config_reloads_total", {"counter", {"result"}}},
      {"synapse_event_loop_delay_seconds", {"histogram", {"thread"}}},
      {"synapse_bytes_total", {"counter", {"direction"}}},
      {"synapse_uploads_kept_bytes", {"gauge", {}}},
      {"synapse_uploads_unkept_total", {"counter", {"reason"}}},
      {"synapse_log_lines_dropped_total", {"counter", {"log"}}},
      {"synapse_metrics_dropped_children_total", {"counter", {}}},
      {"synapse_build_info", {"gauge", {"version"}}},
      {"process_resident_memory_bytes", {"gauge", {}}},
      {"process_open_fds", {"gauge", {}}},
      {"process_cpu_seconds_total", {"counter", {}}},
      {"process_start_time_seconds", {"gauge", {}}}};
  for (const auto& [name, kind_and_labels] : expected) {
    const auto& [kind, labels] = kind_and_labels;
    ASSERT_TRUE(read.types.contains(name)) << name;
    EXPECT_EQ(read.types.at(name), kind) << name;
    EXPECT_FALSE(read.helps.at(name).empty()) << name;
    auto samples = read.samples.at(kind == "histogram" ? name + "_count" : name);
    std::set<std::string> found;
    for (const auto& [label, value] : samples.begin()->first)
      found.insert(label);
    EXPECT_EQ(found, labels) << name;
  }
  for (const auto& [name, kind] : read.types)
    EXPECT_TRUE(expected.contains(name)) << "undocumented: " << name;
  EXPECT_EQ(read.value("synapse_build_info", {{"version", "1.2.3"}}), 1);
  EXPECT_EQ(read.value("synapse_log_lines_dropped_total", {{"log", "access"}}), 7);
}

TEST_F(gateway_metrics_test, enums_index_the_child_of_their_text) {
  auto& backend = metrics.backend("b");
  auto& route = metrics.route("/r");
  auto count = [](auto& table, auto value, std::uint64_t by) { table[value].add(by); };
  for (std::size_t i = 0; i < attempt_result_texts.size(); ++i)
    count(backend.attempts, attempt_result(i), i + 1);
  for (std::size_t i = 0; i < permit_denial_texts.size(); ++i)
    count(backend.permits_denied, permit_denial(i), i + 1);
  for (std::size_t i = 0; i < stream_end_texts.size(); ++i)
    count(route.stream_ends, stream_end(i), i + 1);
  for (std::size_t i = 0; i < request_phase_texts.size(); ++i)
    count(route.client_disconnects, request_phase(i), i + 1);
  auto read = scrape(registry);
  EXPECT_EQ(read.value("synapse_upstream_attempts_total", {{"backend", "b"}, {"result", "ok"}}), 1);
  EXPECT_EQ(read.value("synapse_upstream_attempts_total",
                       {{"backend", "b"}, {"result", "reset_after_head"}}),
            double(attempt_result::reset_after_head) + 1);
  EXPECT_EQ(
      read.value("synapse_upstream_attempts_total", {{"backend", "b"}, {"result", "canceled"}}),
      11);
  EXPECT_EQ(
      read.value("synapse_permits_denied_total", {{"backend", "b"}, {"reason", "queue_timeout"}}),
      3);
  EXPECT_EQ(read.value("synapse_stream_ends_total", {{"route", "/r"}, {"kind", "timeout"}}), 6);
  EXPECT_EQ(read.value("synapse_client_disconnects_total", {{"route", "/r"}, {"phase", "waiting"}}),
            5);
  EXPECT_EQ(to_string(attempt_result::first_token_timeout), "first_token_timeout");
  EXPECT_EQ(to_string(stream_end::done_added), "done_added");
}

TEST_F(gateway_metrics_test, codes_are_exact_and_bounded) {
  auto& route = metrics.route("/r");
  for (unsigned code : {100u, 200u, 200u, 404u, 499u, 599u, 0u, 99u, 600u, 65535u})
    route.requests(code).increment();
  auto read = scrape(registry);
  auto value = [&](const char* code) {
    return read.value("synapse_requests_total", {{"route", "/r"}, {"code", code}});
  };
  EXPECT_EQ(value("100"), 1);
  EXPECT_EQ(value("200"), 2);
  EXPECT_EQ(value("499"), 1);
  EXPECT_EQ(value("599"), 1);
  EXPECT_EQ(value("other"), 4);
  EXPECT_EQ(&route.requests(200), &route.requests(200));
}

TEST_F(gateway_metrics_test, asking_again_gives_the_same_object) {
  auto& backend = metrics.backend("b");
  for (int i = 0; i < 100; ++i)
    metrics.backend("b" + std::to_string(i));
  EXPECT_EQ(&backend, &metrics.backend("b"));
  EXPECT_EQ(&metrics.route("/x"), &metrics.route("/x"));
  EXPECT_NE(&metrics.route("/x"), &metrics.route("/y"));
  // Also beyond the table of backends.
  auto& late = metrics.backend("b99");
  EXPECT_GE(late.id, 64u);
  metrics.route("/x").first_token(late).observe_ns(5);
  metrics.route("/x").first_token(late).observe_ns(5);
  EXPECT_EQ(scrape(registry).value("synapse_first_token_seconds_count",
                                   {{"route", "/x"}, {"backend", "b99"}}),
            2);
}

TEST_F(gateway_metrics_test, threads_meet_in_lazily_made_children) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      if (i < 2)
        set_shard(i);
      auto& route = metrics.route("/hot");
      auto& backend = metrics.backend("hot");
      for (unsigned n = 0; n < 10'000; ++n) {
        route.requests(200 + n % 50).increment();
        route.first_token(backend).observe_ns(n);
        metrics.local_replies(n % 5, "detail" + std::to_string(n % 5)).increment();
        route.in_flight.increment();
        route.in_flight.decrement();
      }
    });
  for (auto& thread : threads)
    thread.join();
  auto read = scrape(registry);
  for (int code = 200; code < 250; ++code)
    EXPECT_EQ(
        read.value("synapse_requests_total", {{"route", "/hot"}, {"code", std::to_string(code)}}),
        800);
  EXPECT_EQ(
      read.value("synapse_first_token_seconds_count", {{"route", "/hot"}, {"backend", "hot"}}),
      40'000);
  EXPECT_EQ(read.value("synapse_local_replies_total", {{"detail", "detail4"}}), 8'000);
  EXPECT_EQ(read.value("synapse_requests_in_flight", {{"route", "/hot"}}), 0);
}

TEST(process_metrics, tell_of_this_process) {
  auto before = open_file_descriptors();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(open_file_descriptors(), before + 2);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_EQ(open_file_descriptors(), before);
  EXPECT_GT(resident_memory_bytes(), 1'000'000u);
  auto cpu = process_cpu_seconds();
  volatile unsigned sink = 0;
  for (unsigned i = 0; i < 20'000'000; ++i)
    sink = sink + i;
  EXPECT_GT(process_cpu_seconds(), cpu);
  auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch());
  EXPECT_LE(process_start_seconds(), now.count() + 2);
  EXPECT_GT(process_start_seconds(), now.count() - 24 * 3600);
}

} // namespace
} // namespace synapse::telemetry
