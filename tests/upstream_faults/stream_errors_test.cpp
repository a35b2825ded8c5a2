// Streams that report errors or say strange things.
#include "tests/upstream_faults/broken_streams.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::test {
namespace {

const std::string error_event =
    "data: {\"error\":{\"code\":500,\"message\":\"slot failed\",\"type\":\"server_error\"}}\n\n";

// ---- errors that the backend reports ------------------------------------------------------------

TEST(reported_error, before_content_gets_its_status) {
  struct early {
    std::string event;
    unsigned status;
  };
  const early all[] = {
      {role + error_event, 500},
      {"data: {\"error\":{\"code\":429,\"message\":\"slot failed\"}}\n\n", 429},
      {"data: {\"error\":\"slot failed\"}\n\n", 502},
  };
  for (const auto& one : all) {
    SCOPED_TRACE(one.event);
    bed_options how;
    how.retry = quick_retry;
    how.breaker = "{failures: 1, cooldown: 60s}";
    fault_bed bed{streams({one.event}), how};
    auto client = bed.gateway.connect();
    const auto reply = bed.chat_on(client, true);
    EXPECT_EQ(reply.status, one.status);
    EXPECT_TRUE(reply.complete());
    EXPECT_EQ(reply.field("Content-Type"), "application/json");
    EXPECT_NE(reply.body.find("slot failed"), std::string::npos) << reply.body;
    EXPECT_TRUE(nlohmann::json::accept(reply.body)) << reply.body;
    EXPECT_EQ(bed.upstream.requests(), 1u);
    EXPECT_EQ(bed.backend_metric("synapse_breaker_opened_total"), 0);
    client.close();
    bed.expect_at_rest();
  }
}

TEST(reported_error, after_content_is_passed_on_and_the_answer_cut) {
  staged_stream one{{role, content_event("x")},
                    chunked({error_event, std::string{done_event}}, true)};
  const auto reply = one.read();
  expect_broken_stream(reply, one.begin + error_event, "");
  EXPECT_EQ(understand(reply.body).error, "slot failed");
  EXPECT_EQ(reply.body, one.begin + error_event) << "the backend's own words are enough";
  one.bed.expect_stream_ends("upstream_error", 1);
  one.bed.expect_at_rest();
}

TEST(reported_error, after_a_comment_was_sent_stays_in_the_stream) {
  bed_options how;
  how.limits = "{stream_keepalive: 100ms}";
  gate seen;
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  connection.send(chunked_stream_head);
                  connection.send_chunk(role);
                  seen.wait();
                  connection.send_chunk(error_event);
                  connection.end_chunks();
                },
                how};
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  auto reply = client.read_head();
  EXPECT_EQ(reply.status, 200u);
  ASSERT_TRUE(client.read_until(reply, ": keepalive\n\n"));
  seen.open();
  client.read_rest(reply);
  expect_broken_stream(reply, role, "");
  EXPECT_EQ(understand(reply.body).error, "slot failed");
}

// ---- strange events -----------------------------------------------------------------------------

TEST(strange_event, that_is_no_json_does_not_end_the_stream) {
  const std::string junk = "data: {\"choices\":[{\"delta\":{\"content\":\"br\n\n";
  const std::vector<std::string> events{
      role, content_event("x"), junk, content_event("y"), finish_event(), std::string{done_event}};
  std::string payload;
  for (const auto& event : events)
    payload += event;
  fault_bed bed{streams(events)};
  const auto reply = bed.chat(true);
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.body, payload);
  EXPECT_EQ(bed.gateway.metric("synapse_malformed_events_total"), 1);
}

TEST(strange_event, text_of_a_proxy_in_between_is_no_success) {
  const std::string tail = "proxy error: Failed to read connection";
  for (const bool finished : {false, true}) {
    std::vector<std::string> first{role, content_event("x")};
    if (finished)
      first.push_back(finish_event());
    staged_stream one{first, chunk(tail) + "0\r\n\r\n"};
    const auto reply = one.read();
    expect_broken_stream(reply, one.begin);
    EXPECT_EQ(reply.body.find("proxy error"), std::string::npos) << "no field of an event";
  }
}

TEST(strange_event, one_too_large_ends_the_stream) {
  bed_options how;
  how.limits = "{max_stream_event_bytes: 4KiB}";
  const auto large = content_event(std::string(5000, 'l'));
  {
    // Without an end: the limit alone has to stop it.
    fault_bed bed{[&](upstream_connection& connection) {
                    connection.read_request();
                    connection.send(std::string{chunked_stream_head} + chunk(role) + chunk(large));
                    EXPECT_TRUE(connection.wait_until_peer_closes());
                  },
                  how};
    expect_error(bed.chat(true), 502, "stream_event_too_large");
    bed.expect_at_rest();
  }
  {
    staged_stream one{
        {role, content_event("x")}, chunk(large) + chunk(finish_event()), then::fin, how};
    expect_broken_stream(one.read(), one.begin, {});
    one.bed.expect_at_rest();
  }
  const auto just_fits = content_event(std::string(3900, 's'));
  ASSERT_LE(just_fits.size(), 4096u);
  fault_bed bed{streams({role, just_fits, just_fits, finish_event(), std::string{done_event}}),
                how};
  EXPECT_TRUE(bed.chat(true).ok());
}

TEST(strange_event, broken_chunks_end_the_stream) {
  staged_stream one{{role, content_event("x")}, "zz\r\n" + content_event("y") + "\r\n0\r\n\r\n"};
  expect_broken_stream(one.read(), one.begin);
  one.bed.expect_at_rest();
}

TEST(strange_event, a_stream_of_something_else_is_not_judged) {
  // An error status with an event stream's type is the backend's business.
  fault_bed bed{answer_each([](const upstream_request&) {
    return answer_bytes(500, "data: {\"error\":{\"message\":\"m\"}}\n\n", "text/event-stream");
  })};
  const auto reply = bed.chat(true);
  EXPECT_EQ(reply.status, 500u);
  EXPECT_EQ(reply.body, "data: {\"error\":{\"message\":\"m\"}}\n\n");
  EXPECT_TRUE(reply.complete());
}

} // namespace
} // namespace synapse::test
