#include "tests/upstream_faults/broken_streams.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::test {

scripted_upstream::script streams(std::vector<std::string> events, bool with_last, then what) {
  return [events = std::move(events), with_last, what](upstream_connection& connection) {
    while (connection.read_request(milliseconds{600'000})) {
      connection.send(std::string{chunked_stream_head} + chunked(events, with_last));
      if (!with_last)
        return what == then::rst ? connection.reset() : connection.close();
    }
  };
}

staged_stream::staged_stream(const std::vector<std::string>& first, std::string rest, then what,
                             const bed_options& how)
    : bed{[this, first, rest = std::move(rest), what](upstream_connection& connection) {
            if (!connection.read_request())
              return;
            connection.send(std::string{chunked_stream_head} + chunked(first, false));
            seen_.wait();
            connection.send(rest);
            if (rest.ends_with("0\r\n\r\n"))
              connection.wait_until_peer_closes();
            else if (what == then::rst)
              connection.reset();
          },
          how} {
  for (const auto& event : first)
    begin += event;
}

http_reply staged_stream::read() {
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, begin)) << reply.head << reply.body;
  seen_.open();
  client.read_rest(reply);
  return reply;
}

void expect_broken_stream(const http_reply& reply, std::string_view begin, std::string_view code) {
  EXPECT_EQ(reply.status, 200u);
  expect_cut(reply);
  const auto shown = reply.body.substr(0, 2000);
  EXPECT_TRUE(reply.body.starts_with(begin)) << shown;
  const auto got = understand(reply.body);
  EXPECT_FALSE(got.done_seen) << shown;
  EXPECT_EQ(got.malformed, 0u) << shown;
  EXPECT_EQ(got.unterminated.substr(0, 200), "");
  ASSERT_TRUE(got.error_seen) << shown;
  if (code.empty())
    return;
  const auto last = nlohmann::json::parse(got.data.back(), nullptr, false);
  ASSERT_TRUE(last.is_object() && last.contains("error")) << got.data.back();
  EXPECT_EQ(last["error"].value("code", ""), code);
  EXPECT_NE(last["error"].value("message", ""), "");
}

} // namespace synapse::test
