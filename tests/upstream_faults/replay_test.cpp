// Requests whose connection ends without an answer: which of them are sent again.
#include "tests/upstream_faults/fault_bed.hpp"

#include <gtest/gtest.h>

namespace synapse::test {
namespace {

enum class ending { fin, rst };

/// Takes each request whole and ends the connection without a word.
scripted_upstream::script takes_and_ends(ending how) {
  return [how](upstream_connection& connection) {
    connection.read_request(milliseconds{600'000});
    if (how == ending::rst)
      connection.reset();
  };
}

bed_options with_retries() {
  bed_options how;
  how.retry = quick_retry;
  how.breaker = "{failures: 100, cooldown: 60s}";
  how.threads = 1;
  return how;
}

TEST(replay, a_chat_that_was_taken_whole_is_not_sent_again) {
  for (const auto how_it_ends : {ending::fin, ending::rst})
    for (const bool stream : {false, true}) {
      fault_bed bed{takes_and_ends(how_it_ends), with_retries()};
      const auto reply = bed.chat(stream);
      expect_error(reply, 502, "backend_error");
      EXPECT_NE(reply.body.find("may have carried the request out"), std::string::npos)
          << reply.body;
      EXPECT_EQ(bed.upstream.requests(), 1u);
      bed.expect_attempts("reset_before_head", 1);
      EXPECT_EQ(bed.backend_metric("synapse_upstream_retries_total"), 0);
      bed.expect_at_rest();
    }
}

TEST(replay, methods_decide_on_routes_that_pass_through) {
  const std::pair<const char*, std::size_t> all[] = {
      {"GET", 3}, {"HEAD", 3}, {"PUT", 3}, {"DELETE", 3}, {"OPTIONS", 3}, {"PATCH", 1}, {"POST", 1},
  };
  for (const auto& [method, executions] : all) {
    fault_bed bed{takes_and_ends(ending::fin), with_retries()};
    auto client = bed.gateway.connect();
    client.send(request_bytes(method, raw_path));
    EXPECT_EQ(client.read_reply(method == std::string_view{"HEAD"}).status, 502u) << method;
    EXPECT_EQ(bed.upstream.requests(), executions) << method;
    bed.expect_attempts("reset_before_head", static_cast<double>(executions));
  }
}

TEST(replay, what_the_backend_cannot_have_whole_is_sent_again) {
  fault_bed bed{[](upstream_connection& connection) {
                  if (connection.number() == 3) {
                    connection.read_request();
                    connection.reply(200, completion_body());
                    return;
                  }
                  connection.read_head();
                  connection.reset();
                },
                with_retries()};
  // More than fits into the buffers on the way.
  const auto body = R"({"model":"m","x":")" + std::string(20'000'000, 'x') + "\"}";
  auto client = bed.gateway.connect();
  client.send(request_bytes("POST", chat_path, body, "Content-Type: application/json\r\n"));
  EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(bed.upstream.requests(), 3u);
  bed.expect_attempts("reset_before_head", 2);
}

TEST(replay, a_kept_connection_that_ends_is_replaced_once_and_no_more) {
  for (const auto how_it_ends : {ending::fin, ending::rst}) {
    fault_bed bed{[&](upstream_connection& connection) {
                    if (connection.number() == 1) {
                      connection.read_request();
                      connection.reply(200, completion_body());
                    }
                    takes_and_ends(how_it_ends)(connection);
                  },
                  with_retries()};
    EXPECT_TRUE(bed.chat().ok());
    expect_error(bed.chat(), 502, "backend_error");
    EXPECT_EQ(bed.upstream.connections(), 2u);
    EXPECT_EQ(bed.upstream.requests(), 3u) << "one that went well, one and its replacement";
    bed.expect_backend_metric("synapse_upstream_stale_connections_total", {}, 1);
    bed.expect_attempts("reset_before_head", 1);
    bed.expect_at_rest();
  }
}

TEST(replay, connections_that_were_not_made_are_tried_as_often_as_configured) {
  const closed_port nobody;
  auto how = with_retries();
  how.url = "http://127.0.0.1:" + std::to_string(nobody.port());
  fault_bed bed{answer_well(), how};
  expect_error(bed.chat(), 503, "backend_unavailable");
  bed.expect_attempts("refused", 3);
}

} // namespace
} // namespace synapse::test
