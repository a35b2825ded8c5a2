// Streams that break off: no byte of two model servers in one answer, and no false success.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::deployed {
namespace {

const std::string first_text = "FIRST";
const std::string second_text = "SECOND";

/// Head and chunked payload of a stream of the first server, an event a chunk.
std::string recorded_stream() {
  std::string payload = completion_events(first_text);
  std::string bytes =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < payload.size();) {
    const auto end = payload.find("\n\n", at) + 2;
    bytes += chunk(payload.substr(at, end - at));
    at = end;
  }
  return bytes + "0\r\n\r\n";
}

/// Why an answer must not be; empty: it may.
std::string judge(const http_reply& reply) {
  const bool first = reply.body.find(first_text) != std::string::npos;
  const bool second = reply.body.find(second_text) != std::string::npos;
  const auto text = content_of(reply);
  if (first && second)
    return "of both";
  if (reply.status != 200)
    return "a failure although the second is good";
  if (reply.complete())
    return text == first_text + "!" || text == second_text + "!" ? "" : "complete, and is not";
  if (second)
    return "the second was cut";
  if (reply.body.find("[DONE]") != std::string::npos)
    return "cut, and says that it is done";
  return reply.body.find("\"error\"") != std::string::npos ? "" : "cut without a word";
}

TEST(torn_deployment, never_mixes_two_answers_wherever_the_first_breaks_off) {
  const auto stream = recorded_stream();
  model_server one{"one", [&](upstream_connection& connection, const upstream_request& request) {
                     connection.send(
                         std::string_view{stream}.substr(0, std::stoul(request.field("X-Cut"))));
                     return false;
                   }};
  const model_server two{"two", answer_with(second_text)};
  // Each of them would shut it, and all together use up what further attempts may cost.
  const gateway_process gateway{
      config_for({&one, &two}, true, ", breaker: {enabled: false}",
                 "{retry_floor: 100000, cell: {failures: 10000, rate: 1, results: 100000}}")};
  std::mutex mutex;
  std::vector<std::string> wrong;
  std::size_t from_first = 0;
  std::size_t from_second = 0;
  std::size_t cut = 0;
  in_parallel(stream.size() + 1, 6, [&](std::size_t at) {
    const auto reply = chat(gateway, "X-Cut: " + std::to_string(at) + "\r\n", "m", true);
    const auto why = judge(reply);
    const std::lock_guard lock{mutex};
    if (!why.empty())
      wrong.push_back("after " + std::to_string(at) + " bytes: " + why + "\n" + reply.head +
                      reply.body);
    (reply.body.find(second_text) != std::string::npos ? from_second
     : reply.complete()                                ? from_first
                                                       : cut)++;
  });
  EXPECT_EQ(wrong.size(), 0U) << wrong.front();
  EXPECT_GT(from_first, 0U);
  EXPECT_GT(from_second, 0U);
  EXPECT_GT(cut, 0U);
  expect_at_rest(gateway, {"one", "two"});
}

TEST(torn_deployment, nothing_is_sent_again_once_the_client_has_something) {
  gate seen;
  model_server one{"one", [&](upstream_connection& connection, const upstream_request&) {
                     connection.begin_chunked();
                     const auto events = completion_events(first_text);
                     const auto second_end = events.find("\n\n", events.find("\n\n") + 2) + 2;
                     connection.send_chunk(events.substr(0, second_end));
                     seen.wait();
                     return false;
                   }};
  const model_server two{"two", answer_with(second_text)};
  const gateway_process gateway{config_for({&one, &two}, true)};
  auto client = gateway.connect();
  client.send(
      request_bytes("POST", chat_path, chat_body("m", true), "Content-Type: application/json\r\n"));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, first_text));
  seen.open();
  client.read_rest(reply);
  EXPECT_FALSE(reply.complete());
  EXPECT_NE(reply.body.find("\"error\""), std::string::npos) << reply.body;
  EXPECT_EQ(two.asked(), 0U);
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), "one/one-model");
}

TEST(torn_deployment, comments_before_the_first_content_commit_nobody) {
  gate heard;
  model_server one{"one", [&](upstream_connection&, const upstream_request&) {
                     heard.wait();
                     return false;
                   }};
  const model_server two{"two", answer_with(second_text)};
  auto config = config_for({&one, &two}, true);
  config += "limits: {stream_keepalive: 50ms}\n";
  const gateway_process gateway{config};
  auto client = gateway.connect();
  client.send(
      request_bytes("POST", chat_path, chat_body("m", true), "Content-Type: application/json\r\n"));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, ":"));
  heard.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(content_of(reply), second_text + "!");
  EXPECT_EQ(one.asked(), 1U);
}

/// A server that begins an answer and then says nothing: the client hears comments meanwhile, which
/// are nothing of that answer.
TEST(silent_deployment, with_comments_only_leads_to_the_next_one) {
  const auto role =
      completion_events(first_text).substr(0, completion_events(first_text).find("\n\n") + 2);
  for (const bool comment_first : {false, true}) {
    gate heard;
    const model_server one{"one", [&](upstream_connection& connection, const upstream_request&) {
                             if (comment_first)
                               heard.wait();
                             connection.send(open_stream(role));
                             connection.wait_until_peer_closes();
                             return false;
                           }};
    const model_server two{"two", answer_with(second_text)};
    auto config = config_for({&one, &two}, true, ", timeouts: {first_token: 1s, response: 1s}");
    config += "limits: {stream_keepalive: 20ms}\n";
    const gateway_process gateway{config};
    auto client = gateway.connect();
    client.send(request_bytes("POST", chat_path, chat_body("m", true),
                              "Content-Type: application/json\r\n"));
    auto reply = client.read_head();
    EXPECT_TRUE(client.read_until(reply, ": keepalive"));
    heard.open();
    client.read_rest(reply);
    EXPECT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(content_of(reply), second_text + "!") << reply.body;
    EXPECT_EQ(reply.body.find("\"error\""), std::string::npos);
    expect_at_rest(gateway, {"one", "two"});
  }
}

} // namespace
} // namespace synapse::deployed
