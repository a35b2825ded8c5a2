#include "tests/backends/hosted.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::backends::test {
namespace {

llama_embed_options with_profile(server_profile profile) {
  llama_embed_options out;
  out.profile = profile;
  return out;
}

TEST(http_server, keeps_a_connection_and_takes_pipelined_requests) {
  hosted embed{llama_embed_options{}};
  raw_client client{embed.port()};
  client.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /nope HTTP/1.1\r\nHost: a\r\n\r\n"
              "GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().status, 404);
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(embed.counters().connections_opened, 1U);
}

TEST(http_server, closes_an_idle_connection_without_a_word) {
  server_profile profile;
  profile.idle_timeout = milliseconds(300);
  hosted embed{with_profile(profile)};
  raw_client client{embed.port()};
  client.send_request("GET", "/health");
  EXPECT_EQ(client.read_answer().field("connection"), "");
  EXPECT_EQ(client.read_rest(), "");
  EXPECT_EQ(client.wait_for_end(), ending::closed);
  EXPECT_TRUE(eventually([&] { return embed.counters().connections_open == 0; }));
  EXPECT_NE(embed.counters().last_close_ns, 0);
}

TEST(http_server, says_close_on_the_last_request_of_a_connection) {
  server_profile profile;
  profile.requests_per_connection = 2;
  hosted embed{with_profile(profile)};
  raw_client client{embed.port()};
  client.send_request("GET", "/health");
  EXPECT_EQ(client.read_answer().field("keep-alive"), "timeout=5, max=2");
  client.send_request("GET", "/health");
  EXPECT_EQ(client.read_answer().field("connection"), "close");
  EXPECT_EQ(client.wait_for_end(), ending::closed);
}

TEST(http_server, closes_when_asked_to_and_after_http_1_0) {
  hosted embed{llama_embed_options{}};
  raw_client polite{embed.port()};
  polite.send_request("GET", "/health", {}, {"Connection: close"});
  EXPECT_EQ(polite.read_answer().field("connection"), "close");
  EXPECT_EQ(polite.wait_for_end(), ending::closed);
  raw_client old{embed.port()};
  old.send("GET /health HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_answer().body, R"({"status":"ok"})");
  EXPECT_EQ(old.wait_for_end(), ending::closed);
}

TEST(http_server, streams_to_http_1_0_without_chunks) {
  hosted router{quick_router()};
  raw_client client{router.port()};
  auto body = echo_chat("hi", true).dump();
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  auto got = client.read_answer();
  EXPECT_EQ(got.field("transfer-encoding"), "");
  EXPECT_EQ(events_of(got.body).back(), "[DONE]");
}

TEST(http_server, asks_for_the_body_of_a_client_that_waits) {
  hosted embed{llama_embed_options{}};
  raw_client client{embed.port()};
  client.send("POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
              "Content-Length: 15\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 100);
  client.send(R"({"input":"abc"})");
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(http_server, takes_a_chunked_request) {
  hosted embed{llama_embed_options{}};
  raw_client client{embed.port()};
  client.send("POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5\r\n{\"inp\r\na\r\nut\":\"abc\"}\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(http_server, refuses_what_is_no_http_and_what_is_too_large) {
  server_profile profile;
  profile.largest_body = 100;
  hosted embed{with_profile(profile)};
  raw_client confused{embed.port()};
  confused.send("\x16\x03\x01 hello\r\n\r\n");
  EXPECT_EQ(confused.read_answer().status, 400);
  EXPECT_EQ(confused.wait_for_end(), ending::closed);
  raw_client large{embed.port()};
  large.send_request("POST", "/v1/embeddings", std::string(5000, 'x'));
  EXPECT_EQ(large.read_answer().status, 413);
  EXPECT_EQ(large.wait_for_end(), ending::closed);
}

TEST(http_server, serves_many_connections_at_once) {
  hosted embed{llama_embed_options{}};
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<raw_client>(embed.port()));
    clients.back()->send_request("GET", "/health");
  }
  for (auto& client : clients)
    EXPECT_EQ(client->read_answer().status, 200);
  EXPECT_EQ(embed.counters().connections_open, 50U);
}

TEST(backend_host, runs_both_services_and_stops_with_work_in_flight) {
  host_options options;
  auto router = quick_router();
  router.speed.tokens_per_second = 0.001;
  options.llama_router.emplace(host_options::listening{}, router);
  options.llama_embed.emplace(host_options::listening{}, llama_embed_options{});
  backend_host host{options};
  ASSERT_EQ(host.start(), "");
  EXPECT_EQ(host.services(), (std::vector<std::string>{"llama-embed", "llama-router"}));
  EXPECT_EQ(host.url("llama-embed"),
            "http://127.0.0.1:" + std::to_string(host.port("llama-embed")));
  raw_client streaming{host.port("llama-router")};
  streaming.send_request("POST", "/v1/chat/completions", echo_chat("hello", true).dump());
  EXPECT_EQ(streaming.read_head().status, 200);
  raw_client idle{host.port("llama-embed")};
  host.stop();
  EXPECT_NE(streaming.wait_for_end(), ending::still_open);
  EXPECT_NE(idle.wait_for_end(), ending::still_open);
  EXPECT_EQ(host.counters("llama-router").requests_canceled, 1U);
}

TEST(backend_host, says_which_port_is_taken) {
  hosted first{llama_embed_options{}};
  host_options options;
  options.llama_embed.emplace(host_options::listening{first.port(), {}}, llama_embed_options{});
  backend_host second{options};
  auto problem = second.start();
  EXPECT_NE(problem.find(std::to_string(first.port())), std::string::npos) << problem;
}

TEST(backend_host, an_unsaid_misbehavior_is_not_obeyed) {
  host_options options;
  options.llama_embed.emplace(host_options::listening{}, llama_embed_options{});
  backend_host host{options};
  ASSERT_EQ(host.start(), "");
  auto port = host.port("llama-embed");
  EXPECT_EQ(ask(port, "GET", "/health", {}, {"X-Misbehave: status:500"}).status, 200);
  EXPECT_EQ(ask(port, "POST", "/__misbehave", R"({"spec":"status:500"})").status, 404);
  EXPECT_EQ(ask(port, "GET", "/__counters").status, 404);
}

} // namespace
} // namespace synapse::backends::test
