#include "http/proxy/downstream/downstream_writer.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace synapse::proxy {
namespace {

using http::body_framing;
using http::response_detail;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view comment = ": keepalive\n\n";

struct downstream_writer_test : testing::Test {
  void SetUp() override { rig.settings().limits.stream_keepalive = 15s; }
  void TearDown() override { down.reset(); }

  downstream_writer& begin(std::string_view request = get("/x")) {
    of = &rig.hold(request);
    return again();
  }
  /// Another one on the same exchange.
  downstream_writer& again(bool with_site = true) {
    return down.emplace(of->ex, with_site ? rig.site().get() : nullptr);
  }
  static std::string of_http_1_0() { return "GET /x HTTP/1.0\r\n\r\n"; }
  static own_head plain_head() {
    own_head head;
    head.content_type = "text/plain";
    return head;
  }
  /// What the client has behind the head, as it came.
  std::string raw_body() {
    rig.settle();
    const auto& all = rig.client().received();
    const auto end = all.find("\r\n\r\n");
    return end == std::string::npos ? std::string{} : all.substr(end + 4);
  }
  seen_answer client_sees(std::string_view text) {
    rig.until_client_has(text);
    return rig.answer();
  }
  net::time_ns sign() { return down->sign_of_life(net::io_thread::now(), "text/event-stream"); }

  http::response_head& parse(std::string text) {
    bytes = std::move(text);
    std::size_t scanned = 0;
    EXPECT_TRUE(
        http::parse_response(bytes.data(), bytes.size(), scanned, http::head_limits{}, answer)
            .ok());
    return answer;
  }

  proxy_rig rig;
  call* of = nullptr;
  std::optional<downstream_writer> down;
  std::string bytes;
  http::response_head answer;
};

// ---- the head ----

TEST_F(downstream_writer_test, the_head_goes_out_once_and_with_the_first_piece) {
  auto& writer = begin();
  EXPECT_FALSE(writer.begun());
  writer.write_head(plain_head());
  EXPECT_TRUE(writer.begun());
  EXPECT_FALSE(of->ex.begun());
  rig.settle();
  EXPECT_EQ(rig.client().received(), "");
  EXPECT_TRUE(writer.send("hello", false));
  EXPECT_TRUE(of->ex.begun());
  EXPECT_TRUE(writer.send(" world", false));
  EXPECT_TRUE(writer.send("", true));
  const auto seen = client_sees("0\r\n\r\n");
  EXPECT_EQ(seen.status, 200U);
  EXPECT_EQ(seen.field("Content-Type"), "text/plain");
  EXPECT_EQ(seen.field("X-Synapse-Backend"), "b");
  EXPECT_EQ(seen.field("X-Request-Id"), of->ex.id());
  EXPECT_TRUE(seen.has("Date"));
  EXPECT_FALSE(seen.has("Content-Length"));
  EXPECT_EQ(raw_body(), "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(of->ex.record().status, 200U);
  EXPECT_EQ(of->ex.record().detail, response_detail::via_upstream);
}

TEST_F(downstream_writer_test, a_head_alone_goes_out_with_an_empty_piece) {
  auto& writer = begin();
  writer.write_head(plain_head());
  EXPECT_TRUE(writer.send("", false));
  client_sees("\r\n\r\n");
  EXPECT_EQ(raw_body(), "");
}

TEST_F(downstream_writer_test, nothing_is_written_for_nothing) {
  auto& writer = begin();
  writer.write_head(plain_head());
  writer.send("x", false);
  EXPECT_TRUE(writer.send("", false));
  client_sees("x\r\n");
  EXPECT_EQ(raw_body(), "1\r\nx\r\n");
}

TEST_F(downstream_writer_test, a_length_is_said_and_the_body_is_as_it_is) {
  auto& writer = begin();
  auto head = plain_head();
  head.framing = body_framing::content_length;
  head.length = 5;
  head.fields = "X-Own: 1\r\n";
  writer.write_head(head);
  EXPECT_EQ(writer.framing(), body_framing::content_length);
  writer.send("hel", false);
  writer.send("lo", true);
  const auto seen = client_sees("hello");
  EXPECT_EQ(seen.field("Content-Length"), "5");
  EXPECT_EQ(seen.field("X-Own"), "1");
  EXPECT_FALSE(seen.has("Transfer-Encoding"));
  EXPECT_TRUE(seen.whole);
  EXPECT_TRUE(of->ex.keep_alive());
}

TEST_F(downstream_writer_test, a_client_of_http_1_0_reads_until_the_connection_ends) {
  auto& writer = begin(of_http_1_0());
  EXPECT_EQ(writer.stream_framing(), body_framing::until_close);
  writer.write_head(plain_head());
  EXPECT_EQ(writer.framing(), body_framing::until_close);
  writer.send("hello", false);
  writer.send("", true);
  const auto seen = client_sees("hello");
  EXPECT_FALSE(seen.has("Transfer-Encoding"));
  EXPECT_FALSE(seen.has("Content-Length"));
  EXPECT_EQ(seen.field("Connection"), "close");
  EXPECT_EQ(raw_body(), "hello");
  EXPECT_FALSE(of->ex.keep_alive());
}

TEST_F(downstream_writer_test, nobodys_answer_has_no_backends_fields) {
  begin();
  auto& writer = again(false);
  writer.write_head(plain_head());
  writer.send("x", true);
  EXPECT_FALSE(client_sees("0\r\n\r\n").has("X-Synapse-Backend"));
  EXPECT_EQ(of->ex.record().detail, response_detail::local);
}

TEST_F(downstream_writer_test, the_backends_head_is_passed_with_what_has_to_change) {
  auto& writer = begin();
  parse("HTTP/1.1 203 Its Own\r\nServer: x\r\nContent-Type: a/b\r\nConnection: close\r\n"
        "X-Request-Id: theirs\r\nContent-Length: 5\r\n\r\n");
  writer.pass_head(answer, body_framing::content_length, false);
  EXPECT_EQ(writer.framing(), body_framing::content_length);
  writer.send("hello", true);
  const auto seen = client_sees("hello");
  EXPECT_THAT(seen.head, StartsWith("HTTP/1.1 203 Its Own\r\n"));
  EXPECT_EQ(seen.field("Server"), "x");
  EXPECT_EQ(seen.field("Content-Type"), "a/b");
  EXPECT_EQ(seen.field("Content-Length"), "5");
  EXPECT_EQ(seen.field("X-Request-Id"), of->ex.id());
  EXPECT_FALSE(seen.has("Connection"));
  EXPECT_FALSE(seen.has("Cache-Control"));
  EXPECT_EQ(of->ex.record().status, 203U);
  EXPECT_EQ(of->ex.record().detail, response_detail::via_upstream);
}

TEST_F(downstream_writer_test, an_event_stream_is_called_one_and_nobody_holds_it_back) {
  auto& writer = begin();
  parse("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  writer.pass_head(answer, body_framing::chunked, true);
  writer.send("data: 1\n\n", true);
  const auto seen = client_sees("0\r\n\r\n");
  EXPECT_EQ(seen.field("Content-Type"), "text/event-stream");
  EXPECT_EQ(seen.field("Cache-Control"), "no-cache");
  EXPECT_EQ(seen.field("X-Accel-Buffering"), "no");
  EXPECT_EQ(seen.body, "data: 1\n\n");
}

TEST_F(downstream_writer_test, an_event_stream_keeps_the_parameters_of_its_own_name) {
  auto& writer = begin();
  parse("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\n");
  writer.pass_head(answer, body_framing::chunked, true);
  writer.send("", true);
  EXPECT_EQ(client_sees("0\r\n\r\n").field("Content-Type"), "Text/Event-Stream; charset=utf-8");
}

TEST_F(downstream_writer_test, a_body_until_close_closes_the_connection) {
  auto& writer = begin(of_http_1_0());
  parse("HTTP/1.1 200 OK\r\n\r\n");
  writer.pass_head(answer, body_framing::until_close, false);
  writer.send("x", true);
  EXPECT_EQ(client_sees("\r\n\r\nx").field("Connection"), "close");
  EXPECT_FALSE(of->ex.keep_alive());
}

// ---- the body ----

TEST_F(downstream_writer_test, several_pieces_are_one_chunk) {
  auto& writer = begin();
  writer.write_head(plain_head());
  const std::array<std::string_view, 3> pieces{"one ", "", "two"};
  writer.send(pieces, true);
  client_sees("0\r\n\r\n");
  EXPECT_EQ(raw_body(), "7\r\none two\r\n0\r\n\r\n");
}

TEST_F(downstream_writer_test, what_is_framed_already_is_left_alone) {
  auto& writer = begin();
  writer.write_head(plain_head());
  const std::array<std::string_view, 2> pieces{"1\r\nx\r\n", "0\r\n\r\n"};
  writer.send_as_is(pieces);
  client_sees("0\r\n\r\n");
  EXPECT_EQ(raw_body(), "1\r\nx\r\n0\r\n\r\n");
}

// ---- signs of life ----

TEST_F(downstream_writer_test, a_silent_backends_client_gets_a_head_and_a_comment_in_time) {
  const auto started = rig.now();
  begin();
  EXPECT_EQ(sign(), started + 15'000'000'000);
  rig.pass(14'990ms);
  EXPECT_EQ(sign(), started + 15'000'000'000);
  rig.settle();
  EXPECT_EQ(rig.client().received(), "") << "not before its time";
  rig.pass(10ms);
  EXPECT_EQ(sign(), started + 30'000'000'000);
  const auto seen = client_sees(comment);
  EXPECT_EQ(seen.status, 200U);
  EXPECT_EQ(seen.field("Content-Type"), "text/event-stream");
  EXPECT_EQ(seen.field("Cache-Control"), "no-cache");
  EXPECT_EQ(seen.field("X-Accel-Buffering"), "no");
  EXPECT_EQ(seen.body, comment);
  EXPECT_TRUE(down->begun());
  EXPECT_TRUE(of->ex.begun());
}

TEST_F(downstream_writer_test, further_comments_follow_without_a_head) {
  begin();
  rig.pass(15s);
  sign();
  rig.pass(10s);
  sign();
  EXPECT_EQ(raw_body(), "d\r\n: keepalive\n\n\r\n") << "not before its time";
  rig.pass(5s);
  sign();
  rig.until([&] { return raw_body() == "d\r\n: keepalive\n\n\r\nd\r\n: keepalive\n\n\r\n"; });
}

TEST_F(downstream_writer_test, a_sign_of_life_to_http_1_0_has_no_chunks) {
  begin(of_http_1_0());
  rig.pass(15s);
  sign();
  const auto seen = client_sees(comment);
  EXPECT_FALSE(seen.has("Transfer-Encoding"));
  EXPECT_EQ(raw_body(), comment);
}

TEST_F(downstream_writer_test, a_client_that_has_heard_something_waits_anew) {
  const auto started = rig.now();
  begin();
  rig.pass(10s);
  down->heard(rig.now());
  EXPECT_EQ(sign(), started + 25'000'000'000);
  EXPECT_EQ(down->keepalive_due(), started + 25'000'000'000);
  rig.pass(10s);
  sign();
  EXPECT_EQ(rig.client().received(), "");
}

TEST_F(downstream_writer_test, signs_of_life_are_off_with_0) {
  rig.settings().limits.stream_keepalive = 0ms;
  begin();
  rig.pass(60s);
  EXPECT_EQ(sign(), 0);
  EXPECT_EQ(down->keepalive_due(), 0);
  rig.settle();
  EXPECT_EQ(rig.client().received(), "");
}

TEST_F(downstream_writer_test, the_next_comment_within_a_stream_is_due_after_the_last_word) {
  const auto started = rig.now();
  begin();
  EXPECT_EQ(down->keepalive_due(), started + 15'000'000'000);
  rig.pass(3s);
  down->heard(rig.now());
  EXPECT_EQ(down->keepalive_due(), started + 18'000'000'000);
}

// ---- one after the other ----

TEST_F(downstream_writer_test, an_answer_goes_on_behind_the_early_head_without_another) {
  begin();
  rig.pass(15s);
  sign();
  auto& writer = again();
  EXPECT_TRUE(writer.begun());
  EXPECT_EQ(writer.framing(), body_framing::chunked);
  EXPECT_EQ(writer.keepalive_due(), rig.now() + 15'000'000'000) << "silent since the head";
  writer.send("data: 1\n\n", true);
  const auto seen = client_sees("0\r\n\r\n");
  EXPECT_EQ(seen.body, ": keepalive\n\ndata: 1\n\n");
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(rig.client().received().find("HTTP/1.1", 1), std::string::npos) << "one head";
}

TEST_F(downstream_writer_test, a_begun_stream_of_http_1_0_goes_on_as_it_began) {
  begin(of_http_1_0());
  rig.pass(15s);
  sign();
  auto& writer = again(false);
  EXPECT_TRUE(writer.begun());
  EXPECT_EQ(writer.framing(), body_framing::until_close);
  writer.send("data: 1\n\n", true);
  client_sees("data: 1");
  EXPECT_EQ(raw_body(), ": keepalive\n\ndata: 1\n\n");
}

// ---- clients ----

TEST_F(downstream_writer_test, a_slow_client_is_waited_for) {
  rig.client_buffer = 8 * 1024;
  auto& writer = begin();
  rig.client().stop_reading();
  const std::string large(1 << 20, 'x');
  writer.write_head(plain_head());
  EXPECT_FALSE(writer.send(large, true));
  started waiting{writer.drained()};
  rig.pass(10s);
  EXPECT_FALSE(waiting.done());
  EXPECT_EQ(writer.quiet_since(), 0);
  rig.client().stop_reading(false);
  rig.until([&] { return waiting.done(); });
  EXPECT_TRUE(*waiting);
  EXPECT_EQ(writer.quiet_since(), rig.now()) << "nothing was read from the backend until now";
  EXPECT_EQ(of->ex.record().upstream_ns, 10'000'000'000);
  const auto seen = client_sees("\r\n0\r\n\r\n");
  EXPECT_EQ(seen.body.size(), large.size());
  EXPECT_TRUE(seen.whole);
}

TEST_F(downstream_writer_test, a_client_that_does_not_read_has_its_time) {
  rig.client_buffer = 8 * 1024;
  rig.settings().limits.write_timeout = 20s;
  auto& writer = begin();
  rig.client().stop_reading();
  const std::string large(1 << 20, 'x');
  writer.write_head(plain_head());
  EXPECT_FALSE(writer.send(large, false));
  started waiting{writer.drained()};
  rig.pass_until([&] { return waiting.done(); });
  EXPECT_FALSE(*waiting);
  EXPECT_TRUE(of->ex.write_timed_out());
  const auto silent = rig.now() - of->ex.downstream().last_written();
  EXPECT_GE(silent, 20'000'000'000) << "the kernel may have taken some later than the rest";
  EXPECT_LE(silent, 20'020'000'000);
}

TEST_F(downstream_writer_test, a_client_that_is_gone_is_noticed) {
  rig.client_buffer = 8 * 1024;
  auto& writer = begin();
  rig.client().stop_reading();
  const std::string large(1 << 20, 'x');
  writer.write_head(plain_head());
  EXPECT_FALSE(writer.send(large, false));
  started waiting{writer.drained()};
  rig.settle();
  EXPECT_FALSE(waiting.done());
  rig.client().reset();
  rig.until([&] { return waiting.done(); });
  EXPECT_FALSE(*waiting);
  EXPECT_FALSE(of->ex.write_timed_out());
}

TEST_F(downstream_writer_test, a_sign_of_life_does_not_go_between_what_is_on_its_way) {
  rig.client_buffer = 8 * 1024;
  auto& writer = begin();
  rig.client().stop_reading();
  const std::string large(1 << 20, 'x');
  writer.write_head(plain_head());
  EXPECT_FALSE(writer.send(large, false));
  rig.pass(15s);
  EXPECT_EQ(sign(), rig.now() + 15'000'000'000) << "it is seen to live";
  rig.client().stop_reading(false);
  started waiting{writer.drained()};
  rig.until([&] { return waiting.done(); });
  writer.send("", true);
  const auto seen = client_sees("\r\n0\r\n\r\n");
  EXPECT_EQ(seen.body, large);
}

TEST_F(downstream_writer_test, what_is_sent_behind_something_on_its_way_follows_it) {
  rig.client_buffer = 8 * 1024;
  auto& writer = begin();
  rig.client().stop_reading();
  const std::string large(1 << 20, 'x');
  writer.write_head(plain_head());
  EXPECT_FALSE(writer.send(large, false));
  EXPECT_FALSE(writer.send("behind", true)) << "kept";
  started waiting{writer.drained()};
  rig.client().stop_reading(false);
  rig.until([&] { return waiting.done(); });
  EXPECT_TRUE(*waiting);
  const auto seen = client_sees("\r\n0\r\n\r\n");
  EXPECT_EQ(seen.body, large + "behind");
  EXPECT_TRUE(seen.whole);
}

} // namespace
} // namespace synapse::proxy
