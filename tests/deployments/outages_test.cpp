// Model servers that are away and come back, and catalogs that change, under load.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace synapse::deployed {
namespace {

/// Clients that chat one after the other until they are stopped.
class load {
public:
  load(const gateway_process& gateway, std::size_t clients) {
    for (std::size_t i = 0; i < clients; ++i)
      threads_.emplace_back([this, &gateway] {
        while (!stopped_)
          one(gateway);
      });
  }
  ~load() { stop(); }
  void stop() {
    stopped_ = true;
    for (auto& each : threads_)
      each.join();
    threads_.clear();
  }
  std::size_t answered() const { return answered_; }
  bool wait_for(std::size_t more) const {
    const auto until = answered_ + more;
    return wait_until([&] { return answered_ >= until; });
  }
  /// The first answer that was none; empty: there was none such.
  std::string wrong() const {
    const std::lock_guard lock{mutex_};
    return wrong_;
  }

private:
  void one(const gateway_process& gateway) {
    const auto reply = chat(gateway);
    if (!reply.ok() || content_of(reply).empty()) {
      const std::lock_guard lock{mutex_};
      if (wrong_.empty())
        wrong_ = std::to_string(reply.status) + " " + reply.head + reply.body;
    }
    ++answered_;
  }

  std::atomic<bool> stopped_{false};
  std::atomic<std::size_t> answered_{0};
  mutable std::mutex mutex_;
  std::string wrong_;
  std::vector<std::thread> threads_;
};

TEST(outage, of_everybody_costs_few_questions_and_ends_soon) {
  model_server one{"one", answer_status(500, error_body("broken"))};
  model_server two{"two", answer_status(500, error_body("broken"))};
  const gateway_process gateway{
      config_for({&one, &two}, true, "", "{cell: {cooldown: 300ms, max_cooldown: 300ms}}")};
  // Until both are out.
  ASSERT_TRUE(wait_until([&] { return chat(gateway).status == 503; }));
  const auto before = one.asked() + two.asked();
  const auto begun = clock::now();
  int refused = 0;
  while (clock::now() - begun < milliseconds{1500}) {
    const auto reply = chat(gateway);
    if (reply.status == 503) {
      ++refused;
      EXPECT_GE(std::atoi(reply.field("Retry-After").c_str()), 1);
    }
  }
  const auto cooldowns = static_cast<std::size_t>((clock::now() - begun) / milliseconds{240}) + 1;
  EXPECT_LE(one.asked() + two.asked() - before, 2 * cooldowns) << "one probe each time";
  EXPECT_GE(one.asked() + two.asked() - before, 2U);
  EXPECT_GT(refused, 10);
  one.now(answer_with("back"));
  const auto back = clock::now();
  EXPECT_TRUE(wait_until([&] { return chat(gateway).ok(); }));
  EXPECT_LE(clock::now() - back, milliseconds{1500});
  // Word of it is on its way for a moment: then everybody is served.
  EXPECT_TRUE(wait_until([&] {
    int well = 0;
    while (well < 20 && chat(gateway).ok())
      ++well;
    return well == 20;
  }));
}

TEST(outage, is_waited_for_where_the_configuration_says_so) {
  model_server one{"one", answer_with("back")};
  const gateway_process gateway{
      config_for({&one}, true, ", breaker: {failures: 2, cooldown: 300ms}",
                 "{on_exhausted: wait, cell: {cooldown: 300ms, max_cooldown: 300ms}}")};
  one.die();
  // While the backend is tried its failures are told; once it is out, requests wait.
  std::vector<std::thread> waiting;
  std::atomic<int> good{0};
  std::atomic<bool> up{false};
  std::atomic<int> early{0};
  const auto ask = [&](bool stream) {
    EXPECT_TRUE(
        wait_until([&] { return content_of(chat(gateway, "", "m", stream)).starts_with("back"); }));
    ++good;
    early += up ? 0 : 1;
  };
  for (int i = 0; i < 8; ++i)
    waiting.emplace_back(ask, i % 2 == 0);
  EXPECT_TRUE(gateway.wait_for_log("waits until a deployment may be asked")) << gateway.err();
  up = true;
  one.rise();
  for (auto& each : waiting)
    each.join();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(early, 0);
  EXPECT_EQ(one.asked(), 8U) << "each of them once";
}

TEST(outage, is_not_waited_for_longer_than_the_deadline) {
  model_server one{"one", answer_with("back")};
  const gateway_process gateway{config_for({&one}, true, ", breaker: {failures: 1, cooldown: 60s}",
                                           "{on_exhausted: wait, cell: {cooldown: 60s}}")};
  one.die();
  EXPECT_TRUE(wait_until([&] {
    const auto reply = chat(gateway, "X-Synapse-Timeout: 3s\r\n");
    return reply.status == 503 && std::atoi(reply.field("Retry-After").c_str()) > 20;
  })) << "it would have to wait for a minute";
}

TEST(outage, a_killed_gpu_is_nobody_s_failure_and_gets_its_requests_back) {
  model_server gpu{"gpu", answer_with("gpu")};
  model_server cpu{"cpu", answer_with("cpu")};
  const gateway_process gateway{config_for({&gpu, &cpu}, true, ", breaker: {cooldown: 300ms}",
                                           "{cell: {cooldown: 200ms, max_cooldown: 400ms}}")};
  load clients{gateway, 3};
  ASSERT_TRUE(clients.wait_for(100));
  EXPECT_EQ(cpu.asked(), 0U);
  gpu.die();
  ASSERT_TRUE(clients.wait_for(200));
  EXPECT_GT(cpu.asked(), 50U);
  const auto gpu_before = gpu.asked();
  gpu.rise();
  EXPECT_TRUE(wait_until([&] { return gpu.asked() > gpu_before + 20; })) << "it is asked again";
  EXPECT_TRUE(wait_until([&] {
    const auto cpu_before = cpu.asked();
    return clients.wait_for(50) && cpu.asked() == cpu_before;
  })) << "and alone";
  clients.stop();
  EXPECT_EQ(clients.wrong(), "");
  expect_at_rest(gateway, {"gpu", "cpu"});
}

TEST(outage, of_room_inside_a_vllm_is_seen_and_so_is_its_end) {
  model_server gpu{"gpu", answer_with("gpu")};
  model_server cpu{"cpu", answer_with("cpu")};
  const auto queue = [&](int waiting) {
    gpu.show("/metrics", "vllm:num_requests_running{engine=\"0\"} 4.0\n"
                         "vllm:num_requests_waiting{engine=\"0\"} " +
                             std::to_string(waiting) + ".0\n");
  };
  gpu.show("/is_sleeping", R"({"is_sleeping":false})");
  queue(8);
  const gateway_process gateway{config_of(
      {{"gpu", gpu.url(), ", type: vllm"}, {"cpu", cpu.url(), ""}},
      "catalog:\n  m:\n    affinity: none\n    spill: {queue: 8}\n    deployments:\n"
      "      - {backend: gpu, model: x, order: 1}\n      - {backend: cpu, model: y, order: 2}\n")};
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(content_of(chat(gateway)), "gpu");
  queue(9);
  http_reply reply;
  EXPECT_TRUE(wait_until([&] {
    reply = chat(gateway);
    return content_of(reply) == "cpu";
  }));
  EXPECT_EQ(reply.field("X-Synapse-Fallback"), "spill");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "1");
  queue(0);
  EXPECT_TRUE(wait_until([&] { return content_of(chat(gateway)) == "gpu"; }));
}

TEST(outage, what_a_reload_adds_and_removes_is_nobody_s_failure) {
  model_server one{"one", answer_with("one")};
  model_server two{"two", answer_with("two")};
  model_server three{"three", answer_with("three")};
  gateway_process gateway{config_for({&one}, false)};
  load clients{gateway, 3};
  ASSERT_TRUE(clients.wait_for(50));
  for (int round = 0; round < 3; ++round) {
    const auto before = three.asked();
    ASSERT_TRUE(gateway.reload(config_for({&one, &two, &three}, false)));
    EXPECT_TRUE(wait_until([&] { return three.asked() > before + 10; }));
    ASSERT_TRUE(gateway.reload(config_for({&two}, false)));
    ASSERT_TRUE(clients.wait_for(20));
    ASSERT_TRUE(gateway.reload(config_for({&one, &two}, true)));
    ASSERT_TRUE(clients.wait_for(20));
  }
  clients.stop();
  EXPECT_EQ(clients.wrong(), "");
  expect_at_rest(gateway, {"one", "two"});
}

TEST(outage, a_request_keeps_the_deployment_that_a_reload_takes_away) {
  gate go;
  model_server one{"one", [&](upstream_connection& connection, const upstream_request& request) {
                     go.wait();
                     return answer_with("old")(connection, request);
                   }};
  model_server two{"two", answer_with("new")};
  gateway_process gateway{config_for({&one}, false)};
  std::thread first{[&] { EXPECT_EQ(content_of(chat(gateway)), "old"); }};
  EXPECT_TRUE(wait_until([&] { return one.asked() == 1; }));
  EXPECT_TRUE(gateway.reload(config_for({&two}, false)));
  EXPECT_EQ(content_of(chat(gateway)), "new");
  go.open();
  first.join();
}

} // namespace
} // namespace synapse::deployed
