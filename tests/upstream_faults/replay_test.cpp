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
  for (const auto how_it_ends : {ending::fin, ending::rst}) {
    fault_bed bed{takes_and_ends(how_it_ends), with_retries()};
    const auto reply = bed.chat(how_it_ends == ending::rst);
    expect_error(reply, 502, "backend_error");
    EXPECT_NE(reply.body.find("may have carried the request out"), std::string::npos) << reply.body;
    EXPECT_EQ(bed.upstream.requests(), 1u);
    bed.expect_attempts("reset_before_head", 1);
    EXPECT_EQ(bed.backend_metric("synapse_upstream_retries_total"), 0);
    bed.expect_at_rest();
  }
}

TEST(replay, methods_decide_on_routes_that_pass_through) {
  const std::pair<const char*, std::size_t> all[] = {{"DELETE", 3}, {"PATCH", 1}};
  for (const auto& [method, executions] : all) {
    fault_bed bed{takes_and_ends(ending::fin), with_retries()};
    auto client = bed.gateway.connect();
    client.send(request_bytes(method, raw_path));
    EXPECT_EQ(client.read_reply().status, 502u) << method;
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

} // namespace
} // namespace synapse::test
