// Routes that only the configuration knows: everything is passed on, uploads while they arrive.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace synapse::integration {
namespace {

using support::chunk;
using support::closing;
using support::gateway_process;
using support::milliseconds;
using support::request_bytes;

constexpr std::string_view custom_route = "routes: {\"/custom/*\": service}\n";

std::string custom_config(const support::scripted_upstream& upstream, std::string_view top = {},
                          std::string_view base = {}) {
  return config_with(backend("service", upstream.url() + std::string{base}, "type: deepfilter"),
                     std::string{custom_route} + std::string{top});
}

TEST(pass_through, any_method_target_and_body_reaches_the_backend) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{custom_config(upstream, {}, "/base")};
  auto client = gateway.connect();
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"}) {
    SCOPED_TRACE(method);
    const auto body = method == "GET" ? std::string{} : "bytes \xff of " + method;
    client.send(request_bytes(method, "/custom/a%20b/d/%2e./c;p?x=1&y=%20%2e%2f..", body,
                              "Content-Type: application/x-anything\r\nX-Own: kept\r\n"
                              "Connection: X-Hop\r\nX-Hop: dropped\r\n"));
    const auto reply = client.read_reply();
    EXPECT_TRUE(reply.ok()) << reply.head << reply.body;
  }
  const auto seen = upstream.seen();
  ASSERT_EQ(seen.size(), 6u);
  for (const auto& request : seen) {
    EXPECT_EQ(request.target, "/base/custom/a%20b/c;p?x=1&y=%20%2e%2f..");
    EXPECT_EQ(request.field("Content-Type"), "application/x-anything");
    EXPECT_EQ(request.field("X-Own"), "kept");
    EXPECT_EQ(request.count("X-Hop"), 0u);
    EXPECT_EQ(request.count("Connection"), 0u);
    EXPECT_EQ(request.field("X-Forwarded-For"), "127.0.0.1");
    EXPECT_EQ(request.field("X-Forwarded-Proto"), "http");
    EXPECT_EQ(request.field("X-Forwarded-Host"), "localhost");
  }
  EXPECT_EQ(seen[0].method, "GET");
  EXPECT_EQ(seen[2].body, "bytes \xff of PUT");
  EXPECT_EQ(seen[5].method, "PROPFIND");
}

TEST(pass_through, path_above_the_prefix_is_not_part_of_it) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{custom_config(upstream)};
  EXPECT_EQ(gateway.get("/custom").status, 404u);
  EXPECT_EQ(gateway.get("/customs/x").status, 404u);
  EXPECT_TRUE(gateway.get("/custom/").ok());
  EXPECT_EQ(upstream.requests(), 1u);
}

TEST(pass_through, head_keeps_the_length_of_the_body_that_is_not_sent) {
  support::scripted_upstream upstream{[](support::upstream_connection& connection) {
    while (connection.read_request())
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"x\"\r\n\r\n");
  }};
  gateway_process gateway{custom_config(upstream)};
  auto client = gateway.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(request_bytes("HEAD", "/custom/file"));
    const auto reply = client.read_reply(true);
    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.field("Content-Length"), "1234");
    EXPECT_EQ(reply.field("ETag"), "\"x\"");
  }
  EXPECT_EQ(upstream.connections(), 1u);
}

TEST(pass_through, answers_without_a_body_keep_the_connection) {
  support::scripted_upstream upstream{[](support::upstream_connection& connection) {
    for (int i = 0; connection.read_request(); ++i)
      connection.send(i % 2 == 0 ? "HTTP/1.1 204 No Content\r\n\r\n"
                                 : "HTTP/1.1 304 Not Modified\r\nETag: \"y\"\r\n\r\n");
  }};
  gateway_process gateway{custom_config(upstream)};
  auto client = gateway.connect();
  for (const unsigned status : {204u, 304u, 204u}) {
    const auto reply = client.get("/custom/x");
    EXPECT_EQ(reply.status, status);
    EXPECT_TRUE(reply.complete());
  }
}

TEST(upload, is_passed_on_before_the_client_has_sent_its_end) {
  for (const bool chunked : {false, true}) {
    SCOPED_TRACE(chunked ? "chunked" : "with a length");
    support::gate first_seen;
    std::string received;
    support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
      const auto head = connection.read_head();
      ASSERT_TRUE(head.has_value());
      EXPECT_EQ(head->chunked, chunked);
      EXPECT_EQ(head->field("Content-Length"), chunked ? "" : "10");
      const std::size_t whole = chunked ? 10 + 2 * 5 + 5 : 10; // sizes, line ends, last chunk
      while (received.size() < whole) {
        received += connection.read_some();
        if (received.find("first") != std::string::npos)
          first_seen.open();
      }
      connection.reply(200, "{}");
    }};
    gateway_process gateway{custom_config(upstream)};
    auto client = gateway.connect();
    client.send(std::string{"POST /custom/upload HTTP/1.1\r\nHost: localhost\r\n"} +
                (chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: 10\r\n\r\n"));
    client.send(chunked ? chunk("first") : "first");
    ASSERT_TRUE(first_seen.wait());
    client.send(chunked ? chunk("rests") + chunk({}) : "rests");
    EXPECT_TRUE(client.read_reply().ok());
    EXPECT_EQ(received, chunked ? chunk("first") + chunk("rests") + chunk({}) : "firstrests");
  }
}

TEST(upload, of_50_megabytes_is_never_held_as_a_whole) {
  constexpr std::size_t size = 50'000'000;
  std::string block(1'000'000, '\0');
  for (std::size_t i = 0; i < block.size(); ++i)
    block[i] = static_cast<char>(i * 2654435761u >> 13);
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    connection.read_head();
    std::string body;
    std::size_t got = 0;
    bool same = true;
    while (got < size) {
      body += connection.read_some();
      while (body.size() >= block.size()) {
        same = same && body.compare(0, block.size(), block) == 0;
        got += block.size();
        body.erase(0, block.size());
      }
    }
    connection.reply(200, same ? R"({"same":true})" : R"({"same":false})");
  }};
  gateway_process gateway{custom_config(upstream)};
  gateway.get("/livez");
  const auto before = gateway.resident_bytes();
  auto client = gateway.connect();
  client.send("PUT /custom/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(size) + "\r\n\r\n");
  std::size_t peak = 0;
  for (std::size_t sent = 0; sent < size; sent += block.size()) {
    ASSERT_TRUE(client.send(block));
    peak = std::max(peak, gateway.resident_bytes());
  }
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.body, R"({"same":true})");
  if (!support::sanitized) {
    EXPECT_LT(peak, before + 4'000'000);
  }
}

TEST(upload, to_a_backend_that_does_not_read_is_held_back) {
  support::gate read_on;
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
                                        connection.read_head();
                                        read_on.wait();
                                        std::size_t got = 0;
                                        while (got < 50'000'000)
                                          got += connection.read_some().size();
                                        connection.reply(200, "{}");
                                      },
                                      {.receive_buffer = 64 * 1024}};
  gateway_process gateway{custom_config(upstream)};
  gateway.get("/livez");
  const auto before = gateway.resident_bytes();
  auto client = gateway.connect();
  client.send("PUT /custom/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n");
  const std::string body(50'000'000, 'u');
  const auto taken = client.send_for(body, milliseconds{400});
  EXPECT_LT(taken, body.size()); // what the kernel's buffers hold, and no more
  if (!support::sanitized) {
    EXPECT_LT(gateway.resident_bytes(), before + 4'000'000);
  }
  read_on.open();
  EXPECT_TRUE(client.send(std::string_view{body}.substr(taken)));
  EXPECT_TRUE(client.read_reply().ok());
}

TEST(upload, that_stops_gets_408_and_frees_the_backend) {
  support::gate closed;
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    connection.read_head();
    if (connection.wait_until_peer_closes())
      closed.open();
  }};
  gateway_process gateway{custom_config(upstream, "limits: {body_timeout: 200ms}\n")};
  auto client = gateway.connect();
  client.send("PUT /custom/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 408u) << to_string(reply.end);
  EXPECT_TRUE(closed.wait());
  EXPECT_EQ(client.wait_closed(), closing::orderly);
  EXPECT_TRUE(gateway.wait_for_metric("synapse_upstream_in_flight", R"(backend="service")", 0));
}

TEST(upload, with_broken_chunks_gets_400_and_frees_the_backend) {
  support::gate closed;
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    connection.read_head();
    if (connection.wait_until_peer_closes())
      closed.open();
  }};
  gateway_process gateway{custom_config(upstream)};
  auto client = gateway.connect();
  client.send("PUT /custom/file HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
              chunk("good") + "bad\n");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 400u) << to_string(reply.end);
  EXPECT_TRUE(closed.wait());
  EXPECT_EQ(client.wait_closed(), closing::orderly);
}

TEST(upload, whose_client_leaves_frees_the_backend) {
  support::gate started, closed;
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    connection.read_head();
    started.open();
    if (connection.wait_until_peer_closes())
      closed.open();
  }};
  gateway_process gateway{custom_config(upstream)};
  auto client = gateway.connect();
  client.send("PUT /custom/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome");
  ASSERT_TRUE(started.wait());
  client.reset();
  EXPECT_TRUE(closed.wait());
}

TEST(upload, that_the_backend_answers_early_ends_with_that_answer) {
  support::scripted_upstream upstream{[](support::upstream_connection& connection) {
    connection.read_head();
    connection.reply(413, R"({"detail":"too much"})", "application/json", "Connection: close\r\n");
    connection.wait_until_peer_closes();
  }};
  gateway_process gateway{custom_config(upstream)};
  auto client = gateway.connect();
  client.send("PUT /custom/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nsome");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 413u) << to_string(reply.end);
  EXPECT_EQ(reply.body, R"({"detail":"too much"})");
  EXPECT_EQ(reply.field("Connection"), "close"); // the rest of the upload is nobody's
}

TEST(upload, that_expects_a_word_gets_it_from_the_gateway) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{custom_config(upstream)};
  auto client = gateway.connect();
  client.send("PUT /custom/file HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
              "Content-Length: 4\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 100u);
  client.send("body");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(text_at(reply.body, "/body"), "body");
}

} // namespace
} // namespace synapse::integration
