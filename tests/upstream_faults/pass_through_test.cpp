// Answers that are the backend's own business: they reach the client as they are.
#include "tests/upstream_faults/fault_bed.hpp"

#include <gtest/gtest.h>

namespace synapse::test {
namespace {

/// Answers every request of every connection with `bytes`.
scripted_upstream::script always(std::string bytes) {
  return answer_each([bytes = std::move(bytes)](const upstream_request&) { return bytes; });
}

struct plain_answer {
  unsigned status;
  const char* fields;
  const char* body;
};

TEST(pass_through, statuses_and_bodies_are_unchanged) {
  const plain_answer all[] = {
      {200, "",
       "{ \"unknown\" : [1, 2.50, 1e3],\n\t\"dup\":1,\"dup\":2, \"e\":\"\\ud83d\\ude00\" }\n"},
      {201, "Location: /v1/x/1\r\n", "{}"},
      {400, "", R"({"error":{"code":400,"message":"'messages' is required","type":"t"}})"},
      {401, "WWW-Authenticate: Bearer\r\n",
       R"({"error":{"code":401,"message":"Invalid API Key"}})"},
      {404, "", R"({"error":{"code":404,"message":"File Not Found","type":"not_found_error"}})"},
      {422, "", R"({"detail":[{"type":"missing","loc":["body","x"],"msg":"Field required"}]})"},
      {429, "Retry-After: 7\r\n", R"({"error":{"message":"slow down","type":"rate_limit_error"}})"},
      {500, "", R"({"error":{"code":500,"message":"boom","type":"server_error","n_ctx":512}})"},
      {501, "", R"({"error":{"code":501,"message":"no embeddings","type":"not_supported_error"}})"},
      {503, "", R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})"},
      {599, "", "{\"odd\":true}"},
  };
  bed_options how;
  how.retry = quick_retry;
  fault_bed bed{answer_well(), how};
  for (const auto& one : all) {
    SCOPED_TRACE(one.status);
    bed.upstream.set_script(
        always(answer_bytes(one.status, one.body, "application/json; charset=utf-8",
                            std::string{"X-Custom: Kept As It Is\r\nServer: llama.cpp\r\n"} +
                                one.fields + "Connection: close, X-Hop\r\nX-Hop: mine\r\n")));
    auto client = bed.gateway.connect();
    for (const bool stream : {false, true, false}) {
      const auto before = bed.upstream.requests();
      const auto reply = bed.chat_on(client, stream);
      EXPECT_EQ(reply.status, one.status);
      EXPECT_TRUE(reply.complete());
      EXPECT_EQ(reply.body, one.body);
      EXPECT_EQ(reply.field("Content-Type"), "application/json; charset=utf-8");
      EXPECT_EQ(reply.field("X-Custom"), "Kept As It Is");
      EXPECT_EQ(reply.field("Server"), "llama.cpp");
      EXPECT_EQ(reply.count("X-Hop"), 0u) << "hop by hop";
      EXPECT_EQ(reply.count("Connection"), 0u) << "the client's connection is kept";
      EXPECT_EQ(reply.count("Content-Length"), 1u);
      EXPECT_NE(reply.field("X-Request-Id"), "");
      EXPECT_EQ(reply.field("Retry-After"), one.status == 429 ? "7" : "");
      EXPECT_EQ(bed.upstream.requests(), before + 1);
    }
    EXPECT_EQ(client.unread(), "");
  }
  bed.expect_at_rest();
}

TEST(pass_through, the_reason_phrase_may_be_missing) {
  fault_bed bed{always("HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nno")};
  const auto reply = bed.chat();
  EXPECT_EQ(reply.status, 404u);
  EXPECT_EQ(reply.body, "no");
}

TEST(pass_through, bodies_keep_their_bytes_in_every_framing) {
  std::string body;
  for (int i = 0; i < 3'000'000; ++i)
    body += static_cast<char>((i * 7 + i / 256) % 256);
  std::string chunks;
  for (std::size_t at = 0, n = 1; at < body.size(); at += n, n = n % 50'000 + 777)
    chunks += chunk(std::string_view{body}.substr(at, n));
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n";
  bed_options how;
  how.pool = "{idle_timeout: 100ms}";
  fault_bed bed{answer_well(), how};
  for (const auto& answer :
       {head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
        head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0;last\r\nX-Sum: 1\r\n\r\n"}) {
    bed.upstream.set_script(always(answer));
    auto client = bed.gateway.connect();
    for (int i = 0; i < 3; ++i) {
      const auto reply = bed.chat_on(client);
      EXPECT_TRUE(reply.ok()) << to_string(reply.end);
      EXPECT_TRUE(reply.body == body) << reply.body.size();
    }
    EXPECT_EQ(client.unread(), "");
    client.close();
    auto old = bed.gateway.connect();
    old.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\n"
             "Content-Length: " +
             std::to_string(chat_body().size()) + "\r\n\r\n" + chat_body());
    const auto reply = old.read_reply();
    EXPECT_TRUE(reply.ok()) << to_string(reply.end);
    EXPECT_FALSE(reply.chunked);
    EXPECT_TRUE(reply.body == body) << reply.body.size();
    // The connections that this answer uses are not to be met by the next one.
    bed.expect_at_rest();
    ASSERT_TRUE(bed.wait_for_backend_metric("synapse_pool_connections", R"(state="idle")", 0));
  }
}

TEST(pass_through, a_body_until_close_becomes_chunks) {
  fault_bed bed{[](upstream_connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" +
                    std::string(50'000, 'u'));
  }};
  auto client = bed.gateway.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(request_bytes("POST", raw_path, "x"));
    const auto reply = client.read_reply();
    EXPECT_TRUE(reply.ok());
    EXPECT_TRUE(reply.chunked);
    EXPECT_EQ(reply.body, std::string(50'000, 'u'));
  }
}

TEST(pass_through, answers_without_a_body) {
  struct bodiless {
    const char* method;
    std::string answer;
    unsigned status;
    const char* length;
  };
  const bodiless all[] = {
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"a\"\r\n\r\n", 200, "1234"},
      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, ""},
      {"HEAD", "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", 404, "9"},
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", 304, ""},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", 304, "77"},
      {"DELETE", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "0"},
  };
  fault_bed bed{answer_well()};
  auto client = bed.gateway.connect();
  for (const auto& one : all) {
    SCOPED_TRACE(one.method + std::string{" "} + one.answer);
    bed.upstream.set_script([&one](upstream_connection& connection) {
      connection.read_request();
      connection.send(one.answer);
      // One answer per connection, and the end comes from the gateway or from the test's end.
    });
    client.send(request_bytes(one.method, raw_path));
    const auto reply = client.read_reply(one.method == std::string_view{"HEAD"});
    EXPECT_EQ(reply.status, one.status);
    EXPECT_EQ(reply.field("Content-Length"), one.length);
    EXPECT_EQ(client.unread(), "");
    ASSERT_TRUE(bed.wait_for_backend_metric("synapse_pool_connections", R"(state="idle")", 0));
  }
  client.close();
  bed.expect_at_rest();
}

TEST(pass_through, a_body_where_none_may_be_reaches_nobody) {
  fault_bed bed{answer_well()};
  auto client = bed.gateway.connect();
  for (const std::string answer : {"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil",
                                   "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil"}) {
    bed.upstream.set_script(always(answer));
    client.send(request_bytes("GET", raw_path));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.body, "");
    const auto next = client.get("/livez");
    EXPECT_EQ(next.status, 200u);
    EXPECT_EQ(next.body.find("evil"), std::string::npos);
  }
}

TEST(pass_through, interim_answers_are_skipped) {
  fault_bed bed{always("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX-A: b\r\n\r\n"
                       "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" +
                       answer_bytes(200, completion_body()))};
  auto client = bed.gateway.connect();
  for (int i = 0; i < 3; ++i) {
    const auto reply = bed.chat_on(client);
    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.body, completion_body());
    EXPECT_EQ(reply.count("Link"), 0u);
  }
  EXPECT_EQ(bed.upstream.connections(), 1u) << "such a connection can be kept";
}

TEST(pass_through, a_large_head_is_no_problem) {
  fault_bed bed{always("HTTP/1.1 200 OK\r\nX-Big: " + std::string(50'000, 'b') +
                       "\r\nContent-Type: application/json\r\nContent-Length: " +
                       std::to_string(completion_body().size()) + "\r\n\r\n" + completion_body())};
  for (int i = 0; i < 3; ++i) {
    const auto reply = bed.chat();
    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.field("X-Big").size(), 50'000u);
    EXPECT_EQ(reply.body, completion_body());
  }
}

// ---- early answers ------------------------------------------------------------------------------

const std::string too_much = R"({"error":{"code":413,"message":"too large","type":"t"}})";

TEST(early_answer, to_an_inspected_body_passes) {
  bed_options how;
  how.retry = quick_retry;
  fault_bed bed{[](upstream_connection& connection) {
                  connection.read_head();
                  connection.reply(413, too_much);
                  // What was not read yet is withdrawn at once, not sent on after the close.
                  EXPECT_TRUE(connection.wait_until_peer_hangs_up());
                },
                how};
  auto client = bed.gateway.connect();
  const auto body = R"({"model":"m","x":")" + std::string(20'000'000, 'x') + "\"}";
  for (std::size_t i = 1; i <= 2; ++i) {
    client.send(request_bytes("POST", chat_path, body, "Content-Type: application/json\r\n"));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 413u);
    EXPECT_EQ(reply.body, too_much);
    EXPECT_EQ(bed.upstream.connections(), i) << "a connection with half a request is not kept";
  }
  client.close();
  bed.expect_at_rest();
}

TEST(early_answer, to_a_streamed_upload_passes_while_the_client_still_sends) {
  fault_bed bed{[](upstream_connection& connection) {
    connection.read_head();
    connection.reply(413, too_much);
    EXPECT_TRUE(connection.wait_until_peer_closes());
  }};
  auto client = bed.gateway.connect();
  client.send("POST /raw/thing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n" +
              std::string(1000, 'x'));
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 413u);
  EXPECT_EQ(reply.body, too_much);
  EXPECT_EQ(reply.field("Connection"), "close") << "the rest of the body is nobody's any more";
  client.close();
  bed.expect_at_rest();
}

// ---- kept connections ---------------------------------------------------------------------------

TEST(kept_connection, serves_many_requests) {
  fault_bed bed{answer_well()};
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(bed.chat().ok());
  // One per I/O thread at most.
  EXPECT_LE(bed.upstream.connections(), 2u);
  EXPECT_EQ(bed.backend_metric("synapse_upstream_stale_connections_total"), 0);
}

TEST(kept_connection, that_the_backend_closes_leaves_the_pool_at_once) {
  gate close_it;
  fault_bed bed{[&](upstream_connection& connection) {
    connection.read_request();
    connection.reply(200, completion_body());
    close_it.wait();
  }};
  EXPECT_TRUE(bed.chat().ok());
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_pool_connections", R"(state="idle")", 1));
  close_it.open();
  EXPECT_TRUE(bed.wait_for_backend_metric("synapse_pool_connections", R"(state="idle")", 0));
  EXPECT_TRUE(bed.chat().ok());
}

TEST(kept_connection, found_stale_is_replaced_at_once_and_counts_nowhere) {
  for (const bool hard : {false, true}) {
    bed_options how;
    how.threads = 1;
    how.retry = "{attempts: 1}";
    how.breaker = "{failures: 1, cooldown: 60s}";
    fault_bed bed{[&](upstream_connection& connection) {
                    connection.read_request();
                    connection.reply(200, completion_body());
                    // The next request meets a connection that ends without a word.
                    connection.read_request(milliseconds{600'000});
                    if (hard)
                      connection.reset();
                  },
                  how};
    auto client = bed.gateway.connect();
    for (std::size_t i = 1; i <= 5; ++i) {
      const auto reply = bed.chat_on(client, i % 2 == 0);
      EXPECT_TRUE(reply.ok());
      EXPECT_EQ(reply.body, completion_body());
      EXPECT_EQ(bed.upstream.connections(), i);
    }
    bed.expect_backend_metric("synapse_upstream_stale_connections_total", {}, 4);
    EXPECT_EQ(bed.backend_metric("synapse_upstream_retries_total"), 0);
    EXPECT_EQ(bed.attempts("reset_before_head"), 0);
    bed.expect_attempts("ok", 5);
    EXPECT_EQ(bed.backend_metric("synapse_breaker_opened_total"), 0);
    for (const auto& request : bed.upstream.seen())
      EXPECT_TRUE(request.body == chat_body(false) || request.body == chat_body(true));
    client.close();
    bed.expect_at_rest();
  }
}

TEST(kept_connection, is_closed_after_its_idle_time) {
  bed_options how;
  how.pool = "{idle_timeout: 150ms}";
  fault_bed bed{[](upstream_connection& connection) {
                  connection.read_request();
                  connection.reply(200, completion_body());
                  EXPECT_TRUE(connection.wait_until_peer_closes());
                },
                how};
  EXPECT_TRUE(bed.chat().ok());
  EXPECT_TRUE(wait_until([&] { return bed.upstream.open_connections() == 0; }));
  bed.expect_backend_metric("synapse_pool_connections", R"(state="idle")", 0);
}

TEST(kept_connection, is_not_kept_when_the_backend_says_close) {
  fault_bed bed{
      always(answer_bytes(200, completion_body(), "application/json", "Connection: close\r\n"))};
  for (std::size_t i = 1; i <= 4; ++i) {
    EXPECT_TRUE(bed.chat().ok());
    EXPECT_EQ(bed.upstream.connections(), i);
  }
}

} // namespace
} // namespace synapse::test
