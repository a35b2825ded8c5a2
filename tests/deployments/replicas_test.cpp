// Two gateways of one cluster: what one has found out about a deployment spares the other one the
// same experience.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>

namespace synapse::deployed {
namespace {

using json = nlohmann::json;

gateway_process::options replica_named(const std::string& name) {
  gateway_process::options how;
  how.environment["SYNAPSE_INSTANCE_ID"] = name;
  how.environment["SYNAPSE_TERMINAL_FEED_BUS_MODE"] = "caf";
  how.environment["TEST_CLUSTER_SECRET"] = "a secret of at least 16 bytes";
  how.environment["TEST_KEY"] = "the-gateways-own-key";
  return how;
}

/// One I/O thread: what one of several has heard is not what the next request meets.
std::string in_cluster(std::string config, const std::string& peer) {
  const std::string_view threads = "threads: 2";
  config.replace(config.find(threads), threads.size(), "threads: 1");
  return config + "cluster: {port: 0, secret_env: TEST_CLUSTER_SECRET, heartbeat: 100ms, " +
         "timeout: 2s, redial: {min: 50ms, max: 500ms}, peers: [" +
         (peer.empty() ? "" : "\"" + peer + "\"") + "]}\n";
}

json get_json(const gateway_process& gateway, std::string_view target) {
  const auto reply = gateway.get(target);
  EXPECT_EQ(reply.status, 200U) << reply.body;
  return json::parse(reply.body, nullptr, false);
}

std::string cluster_address_of(const gateway_process& gateway) {
  std::string address;
  EXPECT_TRUE(wait_until([&] {
    address = get_json(gateway, "/cluster")["members"][0]["address"].get<std::string>();
    return !address.empty() && !address.ends_with(":0");
  }));
  return address;
}

json deployment(const gateway_process& gateway, std::size_t which) {
  return get_json(gateway, "/api/catalog")["names"][0]["deployments"][which];
}

/// Two replicas with the same catalog.
struct pair_of_replicas {
  explicit pair_of_replicas(const std::string& config, int end_of_first = 0) {
    auto how = replica_named("gw-a");
    how.expected_status = end_of_first;
    first = std::make_unique<gateway_process>(in_cluster(config, ""), how);
    second = std::make_unique<gateway_process>(in_cluster(config, cluster_address_of(*first)),
                                               replica_named("gw-b"));
    EXPECT_TRUE(first->wait_for_metric("synapse_cluster_members", "", 1));
    EXPECT_TRUE(second->wait_for_metric("synapse_cluster_members", "", 1));
  }
  std::unique_ptr<gateway_process> first;
  std::unique_ptr<gateway_process> second;
};

constexpr std::string_view patient = "{cell: {cooldown: 60s, max_cooldown: 60s}}";

TEST(replicas, send_nothing_where_another_one_has_met_failures) {
  model_server bad{"bad", answer_status(500, error_body("broken"))};
  model_server good{"good", answer_with("here")};
  const pair_of_replicas both{config_for({&bad, &good}, true, "", patient)};
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(content_of(chat(*both.first)), "here");
  EXPECT_EQ(bad.asked(), 5U);
  json seen;
  ASSERT_TRUE(wait_until([&] {
    seen = deployment(*both.second, 0);
    return seen["state"] == "shut";
  })) << seen;
  EXPECT_EQ(seen["found_by"], "gw-a");
  EXPECT_EQ(seen["trouble"], "server_error");
  EXPECT_EQ(seen["reason"], "it failed (chat), as replica gw-a has found");
  EXPECT_GT(seen["retry_in_seconds"].get<int>(), 30);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(content_of(chat(*both.second)), "here");
  EXPECT_EQ(bad.asked(), 5U) << "nobody had to find out twice";
  EXPECT_TRUE(both.second->wait_for_log("as replica gw-a has found: it failed"));
  EXPECT_EQ(both.second->metric("synapse_deployment_shut_total",
                                R"(deployment="bad/bad-model",reason="server_error")"),
            1);
  EXPECT_TRUE(deployment(*both.first, 0)["found_by"].is_null()) << "it is its own finding";
}

TEST(replicas, learn_that_a_key_is_refused_from_one_answer) {
  model_server bad{"bad", answer_status(401, error_body("no such key", "invalid_api_key"))};
  model_server good{"good", answer_with("here")};
  const pair_of_replicas both{
      config_for({&bad, &good}, true, ", authorization: {bearer_env: TEST_KEY}")};
  EXPECT_EQ(content_of(chat(*both.first)), "here");
  ASSERT_TRUE(wait_until([&] { return deployment(*both.second, 0)["state"] == "shut"; }));
  EXPECT_EQ(deployment(*both.second, 0)["trouble"], "key_refused");
  EXPECT_EQ(content_of(chat(*both.second)), "here");
  EXPECT_EQ(bad.asked(), 1U);
}

TEST(replicas, go_back_as_soon_as_the_one_that_has_shut_it_has_seen_it_well) {
  model_server bad{"bad", answer_status(429, error_body("slow down"), "Retry-After: 2\r\n")};
  model_server good{"good", answer_with("here")};
  const pair_of_replicas both{config_for({&bad, &good}, true)};
  EXPECT_EQ(content_of(chat(*both.first)), "here");
  ASSERT_TRUE(wait_until([&] { return deployment(*both.second, 0)["state"] == "shut"; }));
  const auto asked = bad.asked();
  bad.now(answer_with("back"));
  // One of them tries when the time is over, and both are there again.
  ASSERT_TRUE(wait_until([&] { return content_of(chat(*both.first)) == "back"; }));
  ASSERT_TRUE(wait_until([&] { return deployment(*both.second, 0)["state"] != "shut"; }));
  EXPECT_TRUE(wait_until([&] { return content_of(chat(*both.second)) == "back"; }));
  EXPECT_TRUE(wait_until([&] { return deployment(*both.second, 0)["state"] == "ready"; }));
  EXPECT_GT(bad.asked(), asked);
}

TEST(replicas, try_by_themselves_what_a_dead_one_has_shut) {
  model_server bad{"bad", answer_status(429, error_body("slow down"), "Retry-After: 3\r\n")};
  model_server good{"good", answer_with("here")};
  const pair_of_replicas both{config_for({&bad, &good}, true), 128 + SIGKILL};
  EXPECT_EQ(content_of(chat(*both.first)), "here");
  const auto told = clock::now();
  ASSERT_TRUE(wait_until([&] { return deployment(*both.second, 0)["state"] == "shut"; }));
  both.first->signal(SIGKILL);
  ASSERT_TRUE(both.second->wait_for_metric("synapse_cluster_members", "", 0));
  bad.now(answer_with("back"));
  EXPECT_EQ(bad.asked(), 1U);
  if (clock::now() - told < milliseconds{2500}) { // else this machine was too slow to see it
    EXPECT_EQ(deployment(*both.second, 0)["state"], "shut") << "its word lives on";
  }
  EXPECT_TRUE(wait_until([&] { return content_of(chat(*both.second)) == "back"; }));
  EXPECT_GE(clock::now() - told, milliseconds{2900});
}

TEST(replicas, that_join_later_hear_what_is_shut_now) {
  model_server bad{"bad", answer_status(500, error_body("broken"))};
  model_server good{"good", answer_with("here")};
  const auto config = config_for({&bad, &good}, true, "", patient);
  const gateway_process first{in_cluster(config, ""), replica_named("gw-a")};
  for (int i = 0; i < 5; ++i)
    chat(first);
  EXPECT_EQ(bad.asked(), 5U);
  const gateway_process second{in_cluster(config, cluster_address_of(first)),
                               replica_named("gw-b")};
  ASSERT_TRUE(wait_until([&] { return deployment(second, 0)["state"] == "shut"; }));
  EXPECT_EQ(content_of(chat(second)), "here");
  EXPECT_EQ(bad.asked(), 5U);
}

TEST(replicas, take_nothing_of_deployments_that_they_do_not_have) {
  model_server bad{"bad", answer_status(500, error_body("broken"))};
  model_server good{"good", answer_with("here")};
  const gateway_process first{in_cluster(config_for({&bad, &good}, true, "", patient), ""),
                              replica_named("gw-a")};
  // Another server has the name `bad` here.
  model_server own{"bad", answer_with("mine")};
  const gateway_process second{
      in_cluster(config_for({&own, &good}, true, "", patient), cluster_address_of(first)),
      replica_named("gw-b")};
  ASSERT_TRUE(second.wait_for_metric("synapse_cluster_members", "", 1));
  ASSERT_TRUE(first.wait_for_metric("synapse_cluster_members", "", 1));
  for (int i = 0; i < 5; ++i)
    chat(first);
  // What comes behind it over the same connection has come: so has it.
  good.now(answer_status(429, error_body("slow down"), "Retry-After: 60\r\n"));
  EXPECT_EQ(chat(first).status, 429U);
  ASSERT_TRUE(wait_until([&] { return deployment(second, 1)["state"] == "shut"; }));
  EXPECT_EQ(deployment(second, 0)["state"], "ready");
  EXPECT_EQ(content_of(chat(second)), "mine");
}

// ---- a graphics card ----

/// A vLLM with sleep mode. It begins asleep, and wakes when the test says so, whoever has hung up
/// meanwhile.
class sleeping_server {
public:
  sleeping_server() : upstream_([this](upstream_connection& to) { serve(to); }) {}

  std::string url() const { return upstream_.url(); }
  /// Commands to wake so far.
  std::size_t wakes() const noexcept { return wakes_; }
  /// Such commands whose senders still wait.
  std::size_t awaited() const noexcept { return awaited_; }
  /// Chats that came while it slept.
  std::size_t too_early() const noexcept { return too_early_; }
  void wake() { asleep_ = false; }

private:
  void serve(upstream_connection& to) {
    while (const auto request = to.read_request(milliseconds{600'000}))
      if (!answer(to, *request))
        return;
  }
  bool answer(upstream_connection& to, const upstream_request& request) {
    if (request.target == "/is_sleeping")
      return to.reply(200, asleep_ ? R"({"is_sleeping":true})" : R"({"is_sleeping":false})");
    if (request.target == "/metrics")
      return to.reply(200, "vllm:num_requests_running 0\nvllm:num_requests_waiting 0\n");
    if (request.target == "/v1/models")
      return to.reply(200, R"({"object":"list","data":[{"id":"its-model","max_model_len":8192}]})");
    if (request.target == "/wake_up") {
      ++wakes_;
      ++awaited_;
      const bool woken =
          wait_until([&] { return !asleep_ || to.wait_until_peer_hangs_up(milliseconds{1}); });
      --awaited_;
      return woken && !asleep_ && to.reply(200, "");
    }
    if (request.target != chat_path)
      return to.reply(200, "{}");
    if (asleep_)
      ++too_early_;
    return to.reply(200, completion("awake"));
  }

  std::atomic<bool> asleep_{true};
  std::atomic<std::size_t> wakes_{0};
  std::atomic<std::size_t> awaited_{0};
  std::atomic<std::size_t> too_early_{0};
  scripted_upstream upstream_; ///< last: its threads use the rest
};

std::string card_config(const sleeping_server& x, const sleeping_server& y) {
  const std::string on_card = ", type: vllm, gpu: gpu0, vram: {awake: 20GiB, asleep: 2GiB}";
  return config_of({{"x", x.url(), on_card}, {"y", y.url(), on_card}},
                   "gpus: {gpu0: {vram: 64GiB}}\n"
                   "routing: {deadline: 120s}\n"
                   "catalog:\n"
                   "  x: {deployments: [{backend: x, model: its-model}]}\n"
                   "  y: {deployments: [{backend: y, model: its-model}]}\n");
}

/// Like chat(), for one that waits for a while. @returns the text of the answer
std::string patient_chat(const gateway_process& gateway, std::string_view model) {
  client_options how;
  how.limit = milliseconds{90'000};
  auto client = gateway.connect(how);
  client.send(
      request_bytes("POST", chat_path, chat_body(model), "Content-Type: application/json\r\n"));
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 200U) << reply.head << reply.body << gateway.err();
  return content_of(reply);
}

TEST(replicas_at_a_card,
     take_over_from_one_that_dies_while_it_wakes_a_backend_and_do_not_wake_it_twice) {
  sleeping_server x;
  sleeping_server y;
  const pair_of_replicas both{card_config(x, y), 128 + SIGKILL};
  std::string first;
  std::thread asks_for_x{[&] { first = patient_chat(*both.second, "x"); }};
  EXPECT_TRUE(wait_until([&] { return x.wakes() == 1; })) << "for a request at the other replica";
  both.first->signal(SIGKILL);
  const auto killed = clock::now();
  EXPECT_TRUE(wait_until([&] { return x.awaited() == 0; })) << "it was the first one that woke it";
  std::string second;
  std::thread asks_for_y{[&] { second = patient_chat(*both.second, "y"); }};
  EXPECT_TRUE(wait_until([&] { return y.wakes() == 1; }));
  const auto took = std::chrono::duration<double>(clock::now() - killed).count();
  std::printf("another replica decides %.1f s after the one that did was killed\n", took);
  EXPECT_LE(took, 10);
  EXPECT_EQ(x.wakes(), 1U) << "it is known to be on its way";
  x.wake();
  y.wake();
  asks_for_x.join();
  asks_for_y.join();
  EXPECT_EQ(first, "awake");
  EXPECT_EQ(second, "awake");
  EXPECT_EQ(x.wakes(), 1U);
  EXPECT_EQ(y.wakes(), 1U);
  EXPECT_EQ(x.too_early() + y.too_early(), 0U);
}

} // namespace
} // namespace synapse::deployed
