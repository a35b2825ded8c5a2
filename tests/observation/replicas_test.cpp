// Three gateways that see each other's lines, through Redis and as CAF nodes.
#include "tests/actors/feed/redis/redis_server.hpp"
#include "tests/observation/viewer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>

namespace synapse::test {
namespace {

using json = nlohmann::json;
using gateway_ptr = std::unique_ptr<gateway_process>;

json cluster_of(const gateway_process& gateway) {
  const auto reply = gateway.get("/cluster", bearer);
  EXPECT_EQ(reply.status, 200u) << reply.body;
  return json::parse(reply.body, nullptr, false);
}

gateway_process::options replica_options(const std::string& name) {
  auto how = live();
  how.environment["SYNAPSE_INSTANCE_ID"] = name;
  how.environment["SYNAPSE_TERMINAL_FEED_BUFFER_SIZE"] = "5000";
  how.environment["SYNAPSE_TERMINAL_FEED_SUBSCRIBER_QUEUE_SIZE"] = "5000";
  return how;
}

/// Has lines logged on all of them at once and looks at them on all of them.
void expect_each_line_once_everywhere(const std::vector<gateway_ptr>& replicas) {
  constexpr int lines_each = 150;
  std::vector<std::unique_ptr<viewer>> viewers;
  for (const auto& one : replicas)
    viewers.push_back(std::make_unique<viewer>(*one, "?backlog=0&sources=request"));
  for (int i = 0; i < lines_each; ++i)
    for (std::size_t from = 0; from < replicas.size(); ++from)
      log_a_line(*replicas[from], "n" + std::to_string(from) + "-" + std::to_string(i));
  for (const auto& at : viewers) {
    for (std::size_t from = 0; from < replicas.size(); ++from)
      ASSERT_TRUE(at->sees("request n" + std::to_string(from) + "-" +
                           std::to_string(lines_each - 1) + ":"));
    std::map<std::string, int> next;
    for (const auto& line : at->lines()) {
      const auto instance = line.data["instance"].get<std::string>();
      const auto text = line.message();
      const auto number = std::stoi(text.substr(text.find('-') + 1));
      EXPECT_EQ(number, next[instance]) << instance;
      next[instance] = number + 1;
    }
    EXPECT_EQ(next.size(), replicas.size());
    for (const auto& [instance, count] : next)
      EXPECT_EQ(count, lines_each) << instance;
  }
}

/// Prints how long a line takes from the request that causes it to a viewer of another replica.
void print_delay(const char* bus, const gateway_process& from, const gateway_process& to) {
  viewer there{to, "?backlog=0&sources=request"};
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto id = "d" + std::to_string(i);
    log_a_line(from, id);
    ASSERT_TRUE(there.sees("request " + id + ":"));
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  std::sort(times.begin(), times.end());
  std::printf("%s: request on one replica -> viewer of another: p50 %.2f ms, p99 %.2f ms\n", bus,
              times[times.size() / 2], times[times.size() * 99 / 100]);
}

std::vector<gateway_ptr> on_redis(const feed_bus_test::redis_server& server) {
  std::vector<gateway_ptr> replicas;
  for (const auto* name : {"gw-a", "gw-b", "gw-c"}) {
    auto how = replica_options(name);
    how.environment["SYNAPSE_TERMINAL_FEED_BUS_MODE"] = "redis";
    how.environment["SYNAPSE_TERMINAL_FEED_REDIS_URL"] = server.url();
    replicas.push_back(std::make_unique<gateway_process>(lonely_config(), how));
  }
  return replicas;
}

bool all_connected(const std::vector<gateway_ptr>& replicas, double value) {
  return std::all_of(replicas.begin(), replicas.end(), [value](const gateway_ptr& one) {
    return one->wait_for_metric("synapse_feed_bus_connected", "", value);
  });
}

TEST(replicas_on_redis, see_each_line_of_all_once_and_in_order) {
  feed_bus_test::redis_server server;
  server.start();
  const auto replicas = on_redis(server);
  ASSERT_TRUE(all_connected(replicas, 1));
  expect_each_line_once_everywhere(replicas);
  print_delay("redis", *replicas[0], *replicas[1]);
}

TEST(replicas_on_redis, serve_without_it_and_find_it_again) {
  feed_bus_test::redis_server server;
  server.start();
  const auto replicas = on_redis(server);
  ASSERT_TRUE(all_connected(replicas, 1));
  server.kill();
  ASSERT_TRUE(all_connected(replicas, 0));
  viewer own{*replicas[0], "?backlog=0&sources=request"};
  log_a_line(*replicas[0], "alone");
  EXPECT_TRUE(own.sees("request alone:")) << "its own viewers need no Redis";
  EXPECT_EQ(replicas[0]->get("/readyz").status, 200u);
  server.start();
  ASSERT_TRUE(all_connected(replicas, 1));
  expect_each_line_once_everywhere(replicas);
}

// ---- CAF nodes ----

constexpr std::string_view secret = "a secret of at least 16 bytes";

std::string cluster_config(const std::vector<std::string>& peers,
                           const std::string& backend_url = "http://127.0.0.1:9",
                           std::string_view keys = "retry: {attempts: 1}, breaker: {enabled: "
                                                   "false}") {
  std::string list;
  for (const auto& peer : peers)
    list += (list.empty() ? "\"" : ", \"") + peer + "\"";
  return integration::config_with(
      integration::backend("llama-router", backend_url, keys),
      "cluster: {port: 0, secret_env: TEST_CLUSTER_SECRET, heartbeat: 100ms, timeout: 2s, redial: "
      "{min: 50ms, max: 500ms}, peers: [" +
          list + "]}\n");
}

std::string address_of(const gateway_process& gateway) {
  std::string address;
  EXPECT_TRUE(support::wait_until([&] {
    address = cluster_of(gateway)["members"][0]["address"].get<std::string>();
    return !address.empty() && !address.ends_with(":0");
  }));
  return address;
}

gateway_ptr start_node(const std::string& name, const std::vector<std::string>& peers,
                       std::string_view with_secret = secret, int expected_status = 0) {
  auto how = replica_options(name);
  how.environment["SYNAPSE_TERMINAL_FEED_BUS_MODE"] = "caf";
  how.environment["TEST_CLUSTER_SECRET"] = with_secret;
  how.expected_status = expected_status;
  return std::make_unique<gateway_process>(cluster_config(peers), how);
}

bool has_members(const gateway_process& gateway, double others) {
  return gateway.wait_for_metric("synapse_cluster_members", "", others);
}

std::string state_of(const gateway_process& gateway, const std::string& instance) {
  const auto cluster = cluster_of(gateway);
  for (const auto& member : cluster["members"])
    if (member["instance"] == instance)
      return member["state"].get<std::string>();
  return {};
}

TEST(replicas_as_nodes, see_each_line_of_all_once_and_in_order) {
  std::vector<gateway_ptr> replicas;
  replicas.push_back(start_node("gw-a", {}));
  const auto first = address_of(*replicas[0]);
  replicas.push_back(start_node("gw-b", {first}));
  replicas.push_back(start_node("gw-c", {first, address_of(*replicas[1])}));
  for (const auto& one : replicas)
    ASSERT_TRUE(has_members(*one, 2));
  expect_each_line_once_everywhere(replicas);
  print_delay("caf", *replicas[0], *replicas[1]);
  const auto cluster = cluster_of(*replicas[2]);
  EXPECT_EQ(cluster["bus_mode"], "caf");
  ASSERT_EQ(cluster["members"].size(), 3u);
  EXPECT_EQ(cluster["members"][0]["self"], true);
  for (const auto& member : cluster["members"])
    EXPECT_EQ(member["state"], "up");
}

TEST(replicas_as_nodes, notice_who_dies_and_who_comes_back) {
  auto one = start_node("gw-a", {});
  const auto first = address_of(*one);
  {
    auto two = start_node("gw-b", {first}, secret, 128 + SIGKILL);
    ASSERT_TRUE(has_members(*one, 1));
    two->signal(SIGKILL);
    ASSERT_TRUE(has_members(*one, 0));
    two->wait_exit();
  }
  EXPECT_EQ(one->get("/readyz").status, 200u);
  auto two = start_node("gw-b", {first});
  ASSERT_TRUE(has_members(*one, 1));
  viewer there{*one, "?backlog=0&sources=request"};
  log_a_line(*two, "again");
  EXPECT_TRUE(there.sees("request again:"));
}

TEST(replicas_as_nodes, take_nothing_from_who_has_another_secret) {
  auto one = start_node("gw-a", {});
  auto stranger = start_node("gw-x", {address_of(*one)}, "another secret, long enough");
  EXPECT_TRUE(support::wait_until([&] {
    const auto cluster = cluster_of(*stranger);
    const auto& members = cluster["members"];
    return members.size() > 1 && members[1]["state"] == "refused" &&
           !members[1]["reason"].get<std::string>().empty();
  }));
  viewer there{*one, "?backlog=0&level=DEBUG"};
  log_a_line(*stranger, "evil");
  log_a_line(*one, "own");
  ASSERT_TRUE(there.sees("request own:"));
  EXPECT_EQ(there.reply().body.find("request evil"), std::string::npos);
  EXPECT_EQ(one->metric("synapse_cluster_members"), 0);
}

TEST(replicas_as_nodes, do_not_start_without_a_secret) {
  support::temporary_directory files;
  support::write_file(files.path() / "c.yaml", lonely_config());
  const auto ended =
      support::run_gateway({}, {{"SYNAPSE_GATEWAY_CONFIG_PATH", (files.path() / "c.yaml").string()},
                                {"SYNAPSE_PORT", "0"},
                                {"SYNAPSE_VOICE_LIBRARY_DIR", (files.path() / "v").string()},
                                {"SYNAPSE_MODEL_PROFILES_PATH", (files.path() / "p.json").string()},
                                {"SYNAPSE_TERMINAL_FEED_BUS_MODE", "caf"}});
  EXPECT_EQ(ended.status, 2);
  EXPECT_NE(ended.err.find("cluster.secret"), std::string::npos) << ended.err;
}

TEST(replicas_as_nodes, learn_from_each_other_that_a_backend_is_away) {
  const support::closed_port nobody;
  const auto url = "http://127.0.0.1:" + std::to_string(nobody.port());
  constexpr std::string_view keys = "retry: {attempts: 1}, breaker: {failures: 3, cooldown: 60s}";
  auto how = replica_options("gw-a");
  how.environment["SYNAPSE_TERMINAL_FEED_BUS_MODE"] = "caf";
  how.environment["TEST_CLUSTER_SECRET"] = secret;
  gateway_process one{cluster_config({}, url, keys), how};
  how.environment["SYNAPSE_INSTANCE_ID"] = "gw-b";
  gateway_process two{cluster_config({address_of(one)}, url, keys), how};
  ASSERT_TRUE(has_members(one, 1));
  ASSERT_TRUE(has_members(two, 1));
  const auto circuit = [](const gateway_process& gateway) {
    const auto reply = gateway.get("/api/backends", bearer);
    return json::parse(reply.body)["backends"][0];
  };
  EXPECT_EQ(circuit(two)["circuit"], "closed");
  for (int i = 0; i < 3; ++i)
    log_a_line(one, "f" + std::to_string(i));
  EXPECT_TRUE(support::wait_until([&] { return circuit(two)["circuit"] == "open"; }))
      << "it looks for itself, and nobody is there";
  EXPECT_TRUE(support::wait_until([&] {
    const auto backend = circuit(two);
    return !backend["peers"].empty() && backend["peers"][0]["instance"] == "gw-a" &&
           backend["peers"][0]["circuit"] == "open";
  }));
  EXPECT_EQ(state_of(two, "gw-a"), "up");
}

} // namespace
} // namespace synapse::test
