// How connections are kept, shared by several requests and ended: keep-alive, pipelining, HTTP/1.0,
// and the limit of their number.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

namespace synapse::integration {
namespace {

using support::chunk;
using support::closing;
using support::gateway_process;
using support::request_bytes;

class connection : public ::testing::Test {
protected:
  support::scripted_upstream upstream_{echo()};
  gateway_process gateway_{chat_config(upstream_)};
};

TEST_F(connection, serves_one_request_after_the_other) {
  auto client = gateway_.connect();
  for (int i = 0; i < 20; ++i) {
    const auto body = R"({"n":)" + std::to_string(i) + "}";
    const auto reply = client.post(chat_path, body, json_type);
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(text_at(reply.body, "/body"), body);
    EXPECT_EQ(reply.count("Connection"), 0u); // HTTP/1.1 keeps without saying so
  }
  EXPECT_EQ(upstream_.connections(), 1u); // the one towards the backend is kept, too
}

TEST_F(connection, pipelined_requests_are_answered_in_order) {
  // Bodies with length and in chunks, answers of the gateway and of a backend, errors in between.
  std::string all;
  for (int i = 0; i < 10; ++i) {
    const auto body = R"({"n":)" + std::to_string(i) + "}";
    if (i == 4)
      all += request_bytes("GET", "/livez");
    else if (i == 6)
      all += request_bytes("GET", "/nowhere");
    else if (i == 8)
      all += request_bytes("POST", chat_path, "{broken", json_type);
    else if (i % 2 == 0)
      all += request_bytes("POST", chat_path, body, json_type);
    else
      all += "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
             "chunked\r\n\r\n" +
             chunk(body.substr(0, 3)) + chunk(body.substr(3)) + chunk({});
  }
  auto client = gateway_.connect();
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 10; ++i) {
    SCOPED_TRACE(i);
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply.complete()) << to_string(reply.end);
    if (i == 4) {
      EXPECT_EQ(text_at(reply.body, "/status"), "alive");
    } else if (i == 6) {
      EXPECT_EQ(reply.status, 404u);
    } else if (i == 8) {
      EXPECT_EQ(reply.status, 400u);
    } else {
      EXPECT_EQ(reply.status, 200u);
      EXPECT_EQ(text_at(reply.body, "/body"), R"({"n":)" + std::to_string(i) + "}");
    }
  }
  EXPECT_TRUE(client.unread().empty());
}

TEST_F(connection, pipelined_requests_beyond_one_buffer_are_answered_in_order) {
  std::string all;
  for (int i = 0; i < 60; ++i)
    all += request_bytes("POST", chat_path,
                         R"({"n":)" + std::to_string(i) + R"(,"pad":")" + std::string(1500, 'p') +
                             R"("})",
                         json_type);
  auto client = gateway_.connect();
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 60; ++i) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply.ok()) << i << " " << to_string(reply.end) << reply.body;
    const auto sent = nlohmann::json::parse(text_at(reply.body, "/body"));
    EXPECT_EQ(sent["n"], i);
  }
}

TEST_F(connection, request_that_comes_byte_by_byte_is_served) {
  auto client = gateway_.connect();
  for (const char c : request_bytes("POST", chat_path, chat_body, json_type))
    ASSERT_TRUE(client.send({&c, 1}));
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(text_at(reply.body, "/body"), chat_body);
}

TEST_F(connection, empty_lines_before_a_request_are_skipped) {
  auto client = gateway_.connect();
  ASSERT_TRUE(client.send("\r\n" + request_bytes("GET", "/livez") + "\r\n\r\n" +
                          request_bytes("GET", "/readyz")));
  EXPECT_EQ(text_at(client.read_reply().body, "/status"), "alive");
  EXPECT_EQ(text_at(client.read_reply().body, "/status"), "ready");
}

TEST_F(connection, closes_after_the_answer_when_the_client_asks) {
  for (const std::string value : {"close", "Close", "foo, close"}) {
    auto client = gateway_.connect();
    const auto reply = client.get("/livez", "Connection: " + value + "\r\n");
    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.field("Connection"), "close");
    EXPECT_EQ(client.wait_closed(), closing::orderly);
  }
}

TEST_F(connection, client_that_ends_its_direction_still_gets_its_answer) {
  auto client = gateway_.connect();
  client.send(request_bytes("GET", "/livez"));
  client.shutdown_send();
  EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(client.wait_closed(), closing::orderly);
}

// ---- HTTP/1.0 ----

TEST_F(connection, http_1_0_ends_after_one_answer) {
  auto client = gateway_.connect();
  client.send("GET /livez HTTP/1.0\r\n\r\n"); // Host is optional there
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.ok());
  EXPECT_FALSE(reply.chunked);
  EXPECT_EQ(client.wait_closed(), closing::orderly);
}

TEST_F(connection, http_1_0_is_kept_when_the_client_asks) {
  auto client = gateway_.connect();
  for (int i = 0; i < 3; ++i) {
    client.send("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto reply = client.read_reply();
    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.field("Connection"), "keep-alive");
  }
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(client.wait_closed(), closing::orderly);
}

TEST_F(connection, http_1_0_gets_a_chunked_answer_without_chunks) {
  upstream_.set_script([](support::upstream_connection& c) {
    c.read_request();
    c.send("HTTP/1.1 200 OK\r\nContent-Type: audio/l16\r\nTransfer-Encoding: chunked\r\n\r\n");
    c.send(chunk("one ") + chunk("two ") + chunk("three") + chunk({}));
    c.wait_until_peer_closes();
  });
  auto client = gateway_.connect();
  client.send("POST /v1/chat/completions HTTP/1.0\r\nConnection: keep-alive\r\n"
              "Content-Length: 2\r\n\r\n{}");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.count("Transfer-Encoding"), 0u);
  EXPECT_EQ(reply.body, "one two three");
  EXPECT_TRUE(reply.until_close); // keep-alive or not: its end has no other mark
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
}

TEST_F(connection, http_1_0_gets_a_stream_without_chunks) {
  const std::string event = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";
  upstream_.set_script([&](support::upstream_connection& c) {
    c.read_request();
    c.begin_chunked();
    c.send_chunk(event);
    c.send_chunk("data: [DONE]\n\n");
    c.end_chunks();
    c.wait_until_peer_closes();
  });
  auto client = gateway_.connect();
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: 15\r\n\r\n"
              "{\"stream\":true}");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.body, event + "data: [DONE]\n\n");
  EXPECT_EQ(reply.count("Transfer-Encoding"), 0u);
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
}

// ---- methods and targets ----

TEST_F(connection, head_is_get_without_its_body) {
  auto client = gateway_.connect();
  for (const std::string path : {"/livez", "/readyz", "/openapi.json", "/docs", "/health"}) {
    SCOPED_TRACE(path);
    const auto full = client.get(path);
    client.send(request_bytes("HEAD", path));
    const auto reply = client.read_reply(true);
    EXPECT_EQ(reply.status, full.status);
    EXPECT_EQ(reply.field("Content-Type"), full.field("Content-Type"));
    EXPECT_EQ(reply.field("Content-Length"), std::to_string(full.body.size()));
    EXPECT_FALSE(client.anything_within(support::milliseconds{20})) << client.unread();
  }
  client.send(request_bytes("HEAD", "/nowhere"));
  EXPECT_EQ(client.read_reply(true).status, 404u);
  EXPECT_TRUE(client.get("/livez").ok()); // nothing of a body in between
}

TEST_F(connection, absolute_target_is_served_like_its_path) {
  auto client = gateway_.connect();
  client.send("GET http://localhost:8000/livez?x=1 HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_TRUE(client.read_reply().ok());
  client.send("POST HTTP://localhost/v1/chat/completions HTTP/1.1\r\nHost: other\r\n"
              "Content-Length: 2\r\n\r\n{}");
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(text_at(reply.body, "/target"), chat_path); // a server gets the path alone
  const auto seen = upstream_.seen();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].field("Host"), "127.0.0.1:" + std::to_string(upstream_.port()));
  EXPECT_EQ(seen[0].count("Host"), 1u);
}

TEST_F(connection, query_does_not_hide_a_route) {
  EXPECT_TRUE(gateway_.get("/livez?a=b&c").ok());
  EXPECT_TRUE(gateway_.get("/livez?").ok());
}

// ---- limit ----

TEST(connection_limit, one_more_gets_no_place_and_one_that_gets_free_is_used) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream, "limits: {max_connections: 3}\n")};
  std::vector<support::raw_client> clients;
  // The probes that waited for readiness may still be counted for a moment. In a reserved place one
  // question is answered.
  const auto connected = [&] {
    auto client = gateway.connect();
    const auto reply = client.get("/livez");
    if (!reply.ok() || reply.field("Connection") == "close")
      return false;
    clients.push_back(std::move(client));
    return true;
  };
  while (clients.size() < 3)
    ASSERT_TRUE(support::wait_until(connected));
  auto fourth = gateway.connect();
  EXPECT_NE(fourth.wait_closed(), closing::still_open);
  EXPECT_TRUE(fourth.unread().empty());
  for (auto& client : clients)
    EXPECT_TRUE(client.get("/livez").ok()); // the others do not notice
  const auto text = clients[0].get("/metrics").body;
  EXPECT_NE(text.find("synapse_connections_rejected_total "), std::string::npos);
  EXPECT_EQ(text.find("synapse_connections_rejected_total 0\n"), std::string::npos);
  clients.pop_back();
  EXPECT_TRUE(support::wait_until(connected));
}

TEST(many_connections, at_once_are_all_served) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream)};
  std::vector<support::raw_client> clients;
  for (int i = 0; i < 200; ++i)
    clients.push_back(gateway.connect());
  for (auto& client : clients)
    client.send(request_bytes("POST", chat_path, chat_body, json_type));
  for (auto& client : clients)
    EXPECT_TRUE(client.read_reply().ok());
  EXPECT_GE(gateway.metric("synapse_connections", R"(state="open")"), 200.0);
  clients.clear();
  // The one that asks is the only one left.
  EXPECT_TRUE(gateway.wait_for_metric("synapse_connections", R"(state="open")", 1));
}

} // namespace
} // namespace synapse::integration
