// A client that does not read slows its backend down and costs the gateway no memory.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

namespace synapse::integration {
namespace {

using support::clock;
using support::gateway_process;
using support::milliseconds;

/// Waits until `count` has not moved for a while, and returns it.
std::size_t settled(const std::atomic<std::size_t>& count) {
  auto last = count.load();
  auto since = clock::now();
  support::wait_until([&] {
    if (const auto now = count.load(); now != last) {
      last = now;
      since = clock::now();
    }
    return last > 0 && clock::now() - since > milliseconds{300};
  });
  return last;
}

/// Sends `head`, then `total` bytes in `piece`s made by `wrap`, and counts what went out.
struct producer {
  std::string head;
  std::string piece;
  std::size_t pieces;
  std::string end;
  std::atomic<std::size_t> sent{0};

  void operator()(support::upstream_connection& connection) {
    if (!connection.read_request() || !connection.send(head))
      return;
    for (std::size_t i = 0; i < pieces; ++i) {
      if (!connection.send(piece))
        return;
      sent = connection.bytes_sent();
    }
    connection.send(end);
    connection.wait_until_peer_closes();
  }
};

/// Asks for the answer, does not read, checks that everything stands still, then reads it all.
void expect_held_back(producer& source, std::size_t body_size, std::string_view target) {
  support::scripted_upstream upstream{
      [&](support::upstream_connection& connection) { source(connection); }};
  gateway_process gateway{config_with(backend("llama-router", upstream.url()),
                                      "routes: {\"/custom/*\": llama-router}\n")};
  gateway.get("/livez");
  const auto before = gateway.resident_bytes();
  auto client = gateway.connect({.receive_buffer = 64 * 1024});
  client.send(support::request_bytes("POST", target, R"({"stream":true})", json_type));
  const auto stuck = settled(source.sent);
  // Two pairs of socket buffers at their largest, and one buffer of the gateway.
  EXPECT_LT(stuck, 30'000'000u);
  if (!support::sanitized) {
    EXPECT_LT(gateway.resident_bytes(), before + 4'000'000);
  }
  EXPECT_TRUE(gateway.get("/livez").ok()); // nobody else is held up
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 200u);
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
  EXPECT_EQ(reply.body.size(), body_size);
  if (!support::sanitized) {
    EXPECT_LT(gateway.resident_bytes(), before + 4'000'000);
  }
}

TEST(client_that_pauses, slows_down_a_100_megabyte_answer) {
  producer source{
      "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", std::string(100'000, 'x'), 1000, {}};
  expect_held_back(source, 100'000'000, "/custom/download");
}

TEST(client_that_pauses, slows_down_a_chunked_answer) {
  producer source{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                  support::chunk(std::string(100'000, 'x')), 1000, support::chunk({})};
  expect_held_back(source, 100'000'000, "/custom/download");
}

TEST(client_that_pauses, slows_down_an_event_stream) {
  const std::string event =
      "data: {\"choices\":[{\"delta\":{\"content\":\"" + std::string(10'000, 'x') + "\"}}]}\n\n";
  producer source{"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n",
                  support::chunk(event), 5000,
                  support::chunk("data: [DONE]\n\n") + support::chunk({})};
  expect_held_back(source, 5000 * event.size() + 14, chat_path);
}

} // namespace
} // namespace synapse::integration
