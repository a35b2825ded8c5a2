// How request bodies come in: lengths, chunks, Expect, and bodies that nobody wants.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

namespace synapse::integration {
namespace {

using support::chunk;
using support::closing;
using support::gateway_process;
using support::milliseconds;

const std::string chunked_head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n";

class request_body : public ::testing::Test {
protected:
  support::scripted_upstream upstream_{echo()};
  gateway_process gateway_{
      chat_config(upstream_, "limits: {max_json_body_bytes: 64KiB, max_uri_bytes: 512}\n")};
};

TEST_F(request_body, in_chunks_reaches_the_backend_whole) {
  const std::string body{chat_body};
  for (std::size_t size = 1; size <= body.size(); size += 7) {
    auto client = gateway_.connect();
    client.send(chunked_head);
    for (std::size_t at = 0; at < body.size(); at += size)
      client.send(chunk(body.substr(at, size)));
    client.send(chunk({}));
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/body"), body);
  }
  for (const auto& request : upstream_.seen()) {
    EXPECT_FALSE(request.chunked); // its length is known by then
    EXPECT_EQ(request.field("Content-Length"), std::to_string(chat_body.size()));
  }
}

TEST_F(request_body, in_chunks_may_have_extensions_and_trailers) {
  auto client = gateway_.connect();
  client.send(chunked_head +
              "1;name=value\r\n{\r\n001 ;x=\"y\"\r\n}\r\n0;last\r\n"
              "X-Trailer: dropped\r\n\r\n" +
              support::request_bytes("GET", "/livez"));
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/body"), "{}");
  EXPECT_TRUE(client.read_reply().ok()); // what follows is the next request
}

TEST_F(request_body, with_broken_chunks_is_400) {
  const std::vector<std::pair<std::string, std::string>> broken{
      {"no size", "\r\n{}\r\n0\r\n\r\n"},
      {"size that is no number", "zz\r\n{}\r\n0\r\n\r\n"},
      {"size with a sign", "+2\r\n{}\r\n0\r\n\r\n"},
      {"size with a prefix", "0x2\r\n{}\r\n0\r\n\r\n"},
      {"negative size", "-2\r\n{}\r\n0\r\n\r\n"},
      {"size beyond 64 bits", "10000000000000002\r\n{}\r\n0\r\n\r\n"},
      {"blank before the size", " 2\r\n{}\r\n0\r\n\r\n"},
      {"size line ends in LF", "2\n{}\r\n0\r\n\r\n"},
      {"size line ends in CR", "2\r{}\r\n0\r\n\r\n"},
      {"chunk longer than its size", "2\r\n{}}\r\n0\r\n\r\n"},
      {"chunk shorter than its size", "3\r\n{}\r\n0\r\n\r\n"},
      {"chunk ends in LF", "2\r\n{}\n0\r\n\r\n"},
      {"control character in an extension", "2;a=\x01\r\n{}\r\n0\r\n\r\n"},
      {"endless extension", "2;" + std::string(5000, 'e') + "\r\n{}\r\n0\r\n\r\n"},
      {"trailer that is no field", "2\r\n{}\r\n0\r\nno field\r\n\r\n"},
      {"endless trailer", "2\r\n{}\r\n0\r\nX: " + std::string(9000, 't') + "\r\n\r\n"},
  };
  for (const auto& [name, bytes] : broken) {
    SCOPED_TRACE(name);
    auto client = gateway_.connect();
    client.send(chunked_head + bytes);
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 400u) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/error/code"), "bad_request") << reply.body;
    EXPECT_EQ(reply.field("Connection"), "close");
    EXPECT_EQ(client.wait_closed(), closing::orderly);
  }
  EXPECT_EQ(upstream_.requests(), 0u);
}

TEST_F(request_body, cut_off_by_the_client_reaches_no_backend) {
  int cut_off = 0;
  for (const auto& head : {std::string{"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                                       "Content-Length: 100\r\n\r\n"},
                           chunked_head}) {
    auto client = gateway_.connect();
    client.send(head + "2\r\n{}");
    // A connection that is reset before it was accepted never was a request.
    EXPECT_TRUE(gateway_.wait_for_metric("synapse_requests_in_flight",
                                         R"(route="/v1/chat/completions")", 1));
    client.reset();
    // Before the next one: the first must not be taken for it.
    EXPECT_TRUE(gateway_.wait_for_metric("synapse_client_disconnects_total",
                                         R"(phase="reading",route="/v1/chat/completions")",
                                         ++cut_off));
  }
  EXPECT_EQ(upstream_.requests(), 0u);
}

// ---- Expect: 100-continue ----

const std::string expecting = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Type: application/json\r\nExpect: 100-continue\r\n";

TEST_F(request_body, that_waits_for_a_word_gets_it_once) {
  for (const bool chunked : {false, true}) {
    auto client = gateway_.connect();
    client.send(expecting +
                (chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: 12\r\n\r\n"));
    auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 100u);
    EXPECT_EQ(reply.count("Content-Length"), 0u);
    client.send(chunked ? "6\r\n{\"a\": \r\n" : "{\"a\": ");
    EXPECT_FALSE(client.anything_within(milliseconds{50})) << client.unread();
    client.send(chunked ? "6\r\n12345}\r\n0\r\n\r\n" : "12345}");
    reply = client.read_reply();
    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(text_at(reply.body, "/body"), R"({"a": 12345})");
    EXPECT_TRUE(client.get("/livez").ok());
  }
  for (const auto& request : upstream_.seen())
    EXPECT_EQ(request.count("Expect"), 0u); // answered here
}

TEST_F(request_body, that_comes_without_waiting_gets_no_word) {
  auto client = gateway_.connect();
  client.send(expecting + "Content-Length: 2\r\n\r\n{}");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(text_at(reply.body, "/body"), "{}");
}

TEST_F(request_body, that_is_refused_early_gets_no_word) {
  const std::vector<std::pair<std::string, unsigned>> refused{
      {expecting + "Content-Length: 100000\r\n\r\n", 413},
      {"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
       "5\r\n\r\n",
       404},
      {"PUT /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
       "Content-Length: 5\r\n\r\n",
       405},
      {"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
       "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
       415},
  };
  for (const auto& [bytes, status] : refused) {
    auto client = gateway_.connect();
    client.send(bytes);
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.field("Connection"), "close"); // nobody knows whether the body still comes
    EXPECT_EQ(client.wait_closed(), closing::orderly);
  }
}

TEST_F(request_body, of_http_1_0_gets_no_word) {
  auto client = gateway_.connect();
  client.send("POST /v1/chat/completions HTTP/1.0\r\nExpect: 100-continue\r\n"
              "Content-Length: 2\r\n\r\n");
  EXPECT_FALSE(client.anything_within(milliseconds{100})) << client.unread();
  client.send("{}");
  EXPECT_EQ(client.read_reply().status, 200u);
}

// ---- bodies that nobody wants ----

TEST_F(request_body, of_a_get_is_skipped) {
  auto client = gateway_.connect();
  client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde" +
              support::request_bytes("GET", "/readyz"));
  EXPECT_EQ(text_at(client.read_reply().body, "/status"), "alive");
  EXPECT_EQ(text_at(client.read_reply().body, "/status"), "ready");
}

TEST_F(request_body, small_and_unwanted_does_not_end_the_connection) {
  auto client = gateway_.connect();
  for (const bool chunked : {false, true}) {
    client.send(
        chunked
            ? "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
                  chunk(std::string(3000, 'x')) + chunk({})
            : support::request_bytes("POST", "/nowhere", std::string(3000, 'x')));
    EXPECT_EQ(client.read_reply().status, 404u);
    EXPECT_TRUE(client.get("/livez").ok());
  }
}

TEST_F(request_body, large_and_unwanted_leaves_the_answer_readable) {
  auto client = gateway_.connect();
  client.send(support::request_bytes("POST", "/nowhere", std::string(4'000'000, 'x')));
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 404u);
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
  EXPECT_EQ(client.wait_closed(), closing::orderly);
}

} // namespace
} // namespace synapse::integration
