// Clients that take all the connections, or descriptors, that the gateway has: who keeps it alive
// is still answered, others get their turn again, and nothing spins.
#include "tests/integration/configs.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace synapse::integration {
namespace {

using support::closing;
using support::descriptor;
using support::gateway_process;
using support::milliseconds;
using support::raw_client;

/// A connection from another address of loopback. It says nothing.
descriptor connect_from(const char* ip, std::uint16_t port) {
  descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, ip, &address.sin_addr);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return descriptor{};
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return descriptor{};
  return socket;
}

std::vector<descriptor> crowd(std::uint16_t port, int size, const char* from = "127.0.0.1") {
  std::vector<descriptor> all;
  for (int i = 0; i < size; ++i)
    all.push_back(connect_from(from, port));
  return all;
}

/// How many of them the gateway has not closed yet.
std::size_t open_ones(const std::vector<descriptor>& all) {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& one) {
    char bytes[64];
    ssize_t got = 0;
    while ((got = ::recv(one.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
    }
    return got < 0 && errno == EAGAIN;
  }));
}

/// Processor time of a process so far, in seconds.
double processor_seconds(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// The part of one core that the gateway uses while nothing but the crowd is there.
double busy_part(const gateway_process& gateway) {
  const auto before = processor_seconds(gateway.pid());
  const auto begin = support::clock::now();
  support::pace(milliseconds{1500});
  const auto waited = std::chrono::duration<double>(support::clock::now() - begin).count();
  return (processor_seconds(gateway.pid()) - before) / waited;
}
constexpr double idle_enough = 0.3; ///< a core that spins is 1, or all that others leave

class crowded : public ::testing::Test {
protected:
  support::scripted_upstream upstream_{echo()};

  std::string with_limits(const std::string& limits) const {
    return chat_config(upstream_, "limits: {" + limits + "}\n");
  }
  /// The probes that waited for readiness may still be counted for a moment.
  static void expect_quiet(const gateway_process& gateway) {
    ASSERT_TRUE(gateway.wait_for_metric("synapse_connections", R"(state="open")", 1));
  }
  static bool served(const gateway_process& gateway) {
    return gateway.post(chat_path, chat_body, json_type).status == 200;
  }
};

TEST_F(crowded, slow_bodies_leave_probes_alone_and_keep_nobody_out_for_long) {
  // One place for the connections of this test's other questions, which may be gone a moment later.
  gateway_process gateway{with_limits("max_connections: 9, max_connections_per_address: 9, "
                                      "body_timeout: 2s, min_body_rate: 100")};
  expect_quiet(gateway);
  std::vector<raw_client> slow;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(gateway.connect());
    slow.back().send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n"
        "Content-Type: application/json\r\n\r\n{");
  }
  std::vector<descriptor> idle;
  support::http_reply other;
  EXPECT_TRUE(support::wait_until([&] {
    other = gateway.post(chat_path, chat_body, json_type);
    if (other.status == 503)
      return true;
    idle.push_back(connect_from("127.0.0.1", gateway.port()));
    return false;
  }));
  EXPECT_EQ(text_at(other.body, "/error/code"), "too_many_connections");
  EXPECT_EQ(other.field("Connection"), "close");
  EXPECT_TRUE(gateway.get("/livez").ok());
  EXPECT_TRUE(gateway.get("/readyz").ok());
  idle.clear();
  // A byte now and then is enough against silence, and not for the rate.
  const auto silent = [&](raw_client& client) { return !client.anything_within(milliseconds{40}); };
  while (std::any_of(slow.begin(), slow.end(), silent))
    for (auto& client : slow)
      client.send(" ");
  for (auto& client : slow)
    EXPECT_EQ(client.read_reply().status, 408u);
  EXPECT_TRUE(support::wait_until([&] { return served(gateway); }));
  EXPECT_TRUE(support::wait_until([&] { // a question of this test may be beyond the limit itself
    return gateway.metric("synapse_local_replies_total", R"(detail="body_timeout")") >= 8 &&
           gateway.metric("synapse_connections_limited_total", R"(limit="connections")") >= 1;
  }));
}

TEST_F(crowded, a_body_may_take_so_long_in_all) {
  gateway_process gateway{with_limits("max_body_time: 1s, min_body_rate: 0")};
  auto client = gateway.connect();
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999999\r\n"
              "Content-Type: application/json\r\n\r\n{");
  while (!client.anything_within(milliseconds{20}))
    client.send(" ");
  EXPECT_EQ(client.read_reply().status, 408u);
}

TEST_F(crowded, bodies_that_are_passed_on_have_the_same_limits) {
  gateway_process gateway{chat_config(
      upstream_, "limits: {body_timeout: 1s, min_body_rate: 100}\nroutes: {/raw: llama-router}\n")};
  auto client = gateway.connect();
  client.send("POST /raw HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n{");
  while (!client.anything_within(milliseconds{20}))
    client.send(" ");
  EXPECT_EQ(client.read_reply().status, 408u);
}

TEST_F(crowded, forms_have_the_same_limits) {
  gateway_process gateway{config_with(backend("whisper-stt", upstream_.url()),
                                      "limits: {body_timeout: 1s, min_body_rate: 100}\n")};
  auto client = gateway.connect();
  client.send("POST /stt/transcribe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n"
              "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
              "Content-Disposition: form-data; name=\"language\"\r\n\r\n");
  while (!client.anything_within(milliseconds{20}))
    client.send("x");
  EXPECT_EQ(client.read_reply().status, 408u);
}

TEST_F(crowded, a_client_that_a_slow_backend_holds_up_is_not_slow) {
  support::gate go_on;
  support::scripted_upstream slow{[&](support::upstream_connection& connection) {
    go_on.wait();
    connection.read_request();
    connection.reply(200, "{}");
  }};
  gateway_process gateway{
      chat_config(slow, "limits: {body_timeout: 2s, min_body_rate: 1GiB, max_body_time: 2s}\n"
                        "routes: {/raw: llama-router}\n")};
  const std::string body(40'000'000, 'b'); // more than all buffers on the way
  auto client = gateway.connect();
  client.send("POST /raw HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 40000000\r\n\r\n");
  const auto taken = client.send_for(body, milliseconds{3000}); // longer than the limits
  ASSERT_LT(taken, body.size());
  go_on.open();
  EXPECT_TRUE(client.send(std::string_view{body}.substr(taken)));
  EXPECT_EQ(client.read_reply().status, 200u);
}

TEST_F(crowded, one_address_leaves_places_for_the_others) {
  gateway_process gateway{with_limits("max_connections: 20")}; // three quarters of them
  expect_quiet(gateway);
  const auto all = crowd(gateway.port(), 40, "127.0.0.2");
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(support::wait_until([&] { return served(gateway); }));
  EXPECT_TRUE(support::wait_until([&] {
    return gateway.metric("synapse_connections_limited_total", R"(limit="address")") == 25.0;
  }));
  const auto log = gateway.err();
  const auto first = log.find("limits.max_connections_per_address");
  EXPECT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("limits.max_connections_per_address", first + 1), std::string::npos)
      << "once per burst";
}

TEST_F(crowded, a_trusted_proxy_may_have_all_places) {
  gateway_process gateway{with_limits("max_connections: 8, max_connections_per_address: 1"),
                          {.environment = {{"SYNAPSE_TRUSTED_PROXIES", "127.0.0.0/30"}}}};
  expect_quiet(gateway);
  const auto all = crowd(gateway.port(), 7, "127.0.0.2");
  EXPECT_TRUE(support::wait_until([&] { return served(gateway); }));
  EXPECT_EQ(open_ones(all), 7u);
}

TEST_F(crowded, reserved_places_are_nobodys_for_long) {
  gateway_process gateway{with_limits("max_connections: 2, reserved_connections: 4")};
  const auto all = crowd(gateway.port(), 30);
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(gateway.get("/livez").ok());
  // A silent one gives its place up without a word.
  EXPECT_TRUE(support::wait_until([&] { return open_ones(all) <= 2; }));
}

TEST_F(crowded, silent_handshakes_end_in_time_and_leave_probes_alone) {
  const support::temporary_directory directory;
  const support::certificate_authority authority{directory.path(), "listener"};
  const auto pair = authority.issue("gateway", "DNS:localhost,IP:127.0.0.1");
  gateway_process gateway{"listener: {tls: {certificate: " + pair.certificate.string() +
                              ", key: " + pair.key.string() + "}}\n" +
                              with_limits("max_connections: 4, header_timeout: 1s"),
                          {.tls = true}};
  const auto all = crowd(gateway.port(), 12);
  EXPECT_TRUE(gateway.get("/livez").ok());
  EXPECT_TRUE(support::wait_until([&] { return open_ones(all) == 0; }));
  EXPECT_TRUE(support::wait_until([&] { return served(gateway); }));
}

TEST(silent_backend, whose_handshake_never_comes_costs_the_time_of_a_connect) {
  support::scripted_upstream silent{
      [](support::upstream_connection& connection) { connection.wait_until_peer_closes(); }};
  gateway_process gateway{config_with(backend("llama-router", "https" + silent.url().substr(4),
                                              "timeouts: {connect: 300ms}, retry: {attempts: 1}"))};
  const auto reply = gateway.post(chat_path, chat_body, json_type);
  EXPECT_EQ(reply.status, 504u);
  EXPECT_TRUE(support::wait_until([&] {
    return gateway.out().find("upstream_connect_timeout") != std::string::npos;
  })) << gateway.out();
}

// ---- descriptors ----

TEST_F(crowded, fewer_connections_are_taken_than_descriptors_allow_and_people_are_told) {
  gateway_process gateway{chat_config(upstream_), {.descriptors = 400}};
  EXPECT_TRUE(gateway.wait_for_log("of 20000 client connections (limits.max_connections) are "
                                   "taken: the limit of open files is 400"));
  const auto all = crowd(gateway.port(), 399);
  EXPECT_TRUE(gateway.get("/livez").ok());
  EXPECT_TRUE(gateway.get("/readyz").ok());
  EXPECT_LT(busy_part(gateway), idle_enough);
  const auto others = crowd(gateway.port(), 1, "127.0.0.2");
  EXPECT_TRUE(gateway.get("/livez").ok());
  EXPECT_EQ(gateway.err().find("out of file descriptors"), std::string::npos);
}

TEST_F(crowded, without_any_descriptor_left_probes_are_answered_and_nothing_spins) {
  gateway_process gateway{chat_config(upstream_)};
  ASSERT_TRUE(gateway.get("/livez").ok());
  rlim_t highest = 0;
  const auto open = "/proc/" + std::to_string(gateway.pid()) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator{open})
    highest = std::max<rlim_t>(highest, std::stoul(entry.path().filename()));
  const rlimit none_left{highest + 1, highest + 1};
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_NOFILE, &none_left, nullptr), 0);
  // Numbers below that may be free.
  const auto all = crowd(gateway.port(), static_cast<int>(highest) + 50);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(gateway.get("/livez").ok());
  EXPECT_LT(busy_part(gateway), idle_enough);
  const auto log = gateway.err();
  const auto first = log.find("out of file descriptors");
  EXPECT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("out of file descriptors", first + 1), std::string::npos) << "once per burst";
}

// ---- the cluster's port ----

class cluster_port : public crowded {
protected:
  const support::temporary_directory directory_;

  std::string cluster_config(const std::string& more = {}) const {
    return chat_config(upstream_,
                       "cluster: {port: 0, secret_env: TEST_SECRET, greeting_timeout: 1s" + more +
                           "}\n");
  }
  static gateway_process::options replica() {
    gateway_process::options how;
    how.descriptors = 400;
    how.environment = {{"SYNAPSE_TERMINAL_FEED_MODE", "live"},
                       {"SYNAPSE_TERMINAL_FEED_BUS_MODE", "caf"},
                       {"TEST_SECRET", "a secret of at least 16 bytes"}};
    return how;
  }
  static std::uint16_t port_of(const gateway_process& gateway) {
    constexpr std::string_view mark = "listening on 127.0.0.1:";
    EXPECT_TRUE(gateway.wait_for_log(mark));
    const auto log = gateway.err();
    return static_cast<std::uint16_t>(std::atoi(log.c_str() + log.find(mark) + mark.size()));
  }

  static void expect_unharmed(const gateway_process& gateway) {
    const auto all = crowd(port_of(gateway), 399);
    EXPECT_TRUE(gateway.get("/livez").ok());
    EXPECT_LT(busy_part(gateway), idle_enough);
    EXPECT_TRUE(gateway.get("/livez").ok());
    EXPECT_LE(gateway.metric("synapse_cluster_strangers"), 32.0);
    EXPECT_LT(gateway.metric("process_open_fds"), 200.0);
    // All of them are gone in the end, whatever they do.
    EXPECT_TRUE(support::wait_until([&] {
      return gateway.metric("synapse_cluster_strangers_refused_total") == 399.0 &&
             gateway.metric("synapse_cluster_strangers") == 0.0;
    }));
  }
};

TEST_F(cluster_port, silent_strangers_take_no_more_than_their_places) {
  gateway_process gateway{cluster_config(), replica()};
  expect_unharmed(gateway);
}

TEST_F(cluster_port, silent_strangers_take_no_more_than_their_places_with_tls) {
  const support::certificate_authority authority{directory_.path(), "replicas"};
  const auto pair = authority.issue("one", "DNS:one");
  gateway_process gateway{cluster_config(", tls: {certificate: " + pair.certificate.string() +
                                         ", key: " + pair.key.string() +
                                         ", ca: " + authority.certificate().string() + "}"),
                          replica()};
  expect_unharmed(gateway);
}

TEST_F(cluster_port, what_a_stranger_announces_costs_no_memory) {
  gateway_process gateway{cluster_config(), replica()};
  const auto port = port_of(gateway);
  ASSERT_TRUE(gateway.get("/livez").ok());
  const auto before = gateway.resident_bytes();
  // How CAF's nodes begin: a header that announces 512 MiB, and some of them.
  const auto greedy =
      std::string{"\2\0\0\0\x20\0\0\0", 8} + std::string(24, '\0') + std::string(65536, 'x');
  const auto all = crowd(port, 4);
  for (const auto& one : all)
    [[maybe_unused]] const auto sent =
        ::send(one.get(), greedy.data(), greedy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  EXPECT_TRUE(support::wait_until([&] { return open_ones(all) == 0; }));
  if (!support::sanitized) {
    EXPECT_LT(gateway.resident_bytes(), before + 32 * 1024 * 1024);
  }
  EXPECT_EQ(gateway.metric("synapse_cluster_strangers_refused_total", R"(reason="greeting")"), 4.0);
}

} // namespace
} // namespace synapse::integration
