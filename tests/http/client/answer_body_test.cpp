#include "http/client/answer_body.hpp"
#include "tests/http/client/stream_bed.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace synapse::client {
namespace {

using http::body_framing;
using http::verb;

struct body_bed : stream_bed {
  answer_body& begin(std::string_view head, verb method = verb::get) {
    std::size_t scanned = 0;
    head_bytes = head;
    const auto parsed = http::parse_response(head_bytes.data(), head_bytes.size(), scanned,
                                             http::head_limits{}, answer);
    EXPECT_TRUE(parsed.ok());
    body.begin(answer, method);
    return body;
  }
  /// Everything that can be had now. @returns whether there was anything
  bool take() { return body.take(*from, text); }
  /// The same, as it lies there. @returns how many of the bytes are tail
  std::size_t pass() {
    std::vector<std::string_view> payload;
    const auto passed = body.pass(*from, &payload);
    raw += from->input().substr(0, passed.bytes);
    for (const auto piece : payload)
      text += piece;
    from->consume(passed.bytes);
    return passed.tail;
  }

  std::string head_bytes;
  http::response_head answer;
  answer_body body;
  std::string text; ///< decoded
  std::string raw;  ///< by `pass`
};

constexpr std::string_view with_length = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
constexpr std::string_view in_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view until_close = "HTTP/1.1 200 OK\r\n\r\n";
constexpr std::string_view chunks = "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n";

TEST(answer_body, with_a_length_may_be_cut_anywhere) {
  const std::string_view sent = "hello world";
  for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
    body_bed bed;
    auto& body = bed.begin(with_length);
    EXPECT_EQ(body.framing(), body_framing::content_length);
    EXPECT_EQ(body.left(), 11U);
    EXPECT_FALSE(body.ended());
    bed.send(sent.substr(0, cut));
    EXPECT_EQ(bed.take(), cut > 0) << cut;
    EXPECT_EQ(body.left(), 11 - cut);
    EXPECT_EQ(body.ended(), cut == sent.size());
    bed.send(std::string{sent.substr(cut)} + "NEXT");
    EXPECT_EQ(bed.take(), cut < sent.size());
    EXPECT_EQ(bed.text, sent) << cut;
    EXPECT_TRUE(body.ended());
    EXPECT_TRUE(body.leaves_connection());
    EXPECT_FALSE(body.broken());
    EXPECT_EQ(bed.from->input(), "NEXT") << "belongs to the next answer";
  }
}

TEST(answer_body, in_chunks_may_be_cut_anywhere) {
  for (std::size_t cut = 0; cut <= chunks.size(); ++cut) {
    body_bed bed;
    auto& body = bed.begin(in_chunks);
    EXPECT_EQ(body.framing(), body_framing::chunked);
    bed.send(chunks.substr(0, cut));
    bed.take();
    EXPECT_TRUE(std::string_view{"hello world"}.starts_with(bed.text)) << cut;
    EXPECT_EQ(body.ended(), cut == chunks.size()) << cut;
    EXPECT_FALSE(body.broken());
    bed.send(std::string{chunks.substr(cut)} + "NEXT");
    bed.take();
    EXPECT_EQ(bed.text, "hello world") << cut;
    EXPECT_TRUE(body.ended());
    EXPECT_TRUE(body.leaves_connection());
    EXPECT_FALSE(body.broken());
    EXPECT_EQ(bed.from->input(), "NEXT");
  }
}

TEST(answer_body, until_close_may_be_cut_anywhere) {
  const std::string_view sent = "hello world";
  for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
    body_bed bed;
    auto& body = bed.begin(until_close);
    EXPECT_EQ(body.framing(), body_framing::until_close);
    bed.send(sent.substr(0, cut));
    EXPECT_EQ(bed.take(), cut > 0);
    EXPECT_FALSE(body.ended());
    bed.send(sent.substr(cut));
    bed.finish();
    bed.take();
    EXPECT_EQ(bed.text, sent);
    EXPECT_TRUE(body.ended());
    EXPECT_FALSE(body.broken());
    EXPECT_FALSE(body.leaves_connection()) << "it has ended with the answer";
  }
}

TEST(answer_body, is_none_whatever_the_head_says_to_some) {
  const struct {
    std::string_view head;
    verb method;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", verb::head},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", verb::head},
      {"HTTP/1.1 200 OK\r\n\r\n", verb::head},
      {"HTTP/1.1 204 No Content\r\n\r\n", verb::get},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", verb::post},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", verb::get},
      {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", verb::get},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", verb::get},
      {"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", verb::post},
  };
  for (const auto& one : cases) {
    body_bed bed;
    auto& body = bed.begin(one.head, one.method);
    EXPECT_EQ(body.framing(), body_framing::none) << one.head;
    EXPECT_TRUE(body.ended());
    EXPECT_TRUE(body.leaves_connection());
    bed.send("stray");
    EXPECT_FALSE(bed.take());
    EXPECT_EQ(bed.text, "");
    EXPECT_EQ(bed.from->input(), "stray") << "is not looked at";
    EXPECT_FALSE(body.broken());
  }
}

TEST(answer_body, of_a_205_without_a_length_is_ended_by_whoever_knows) {
  body_bed bed;
  auto& body = bed.begin("HTTP/1.1 205 Reset Content\r\n\r\n", verb::post);
  EXPECT_FALSE(body.ended());
  body.end();
  EXPECT_TRUE(body.ended());
  EXPECT_FALSE(body.leaves_connection());
  EXPECT_FALSE(bed.take());
}

TEST(answer_body, in_broken_chunks_keeps_what_came_before) {
  for (const std::string_view rest :
       {"zz\r\n", "\r\n", "-1\r\n", "5 x\r\n", "ffffffffffffffffff\r\n", "1\rx", "1\r\nab",
        "0\r\nno field\r\n"}) {
    body_bed bed;
    auto& body = bed.begin(in_chunks);
    bed.send("5\r\nhello\r\n" + std::string{rest});
    EXPECT_TRUE(bed.take());
    EXPECT_TRUE(bed.text.starts_with("hello")) << rest;
    EXPECT_TRUE(body.broken()) << rest;
    EXPECT_FALSE(body.ended());
    EXPECT_FALSE(body.leaves_connection());
  }
}

TEST(answer_body, is_broken_wherever_the_connection_ends_within_it) {
  for (const bool by_reset : {false, true}) {
    const auto end = [&](body_bed& bed) {
      if (by_reset)
        bed.reset();
      else
        bed.finish();
      bed.take();
    };
    for (std::size_t cut = 0; cut < chunks.size(); ++cut) {
      body_bed bed;
      auto& body = bed.begin(in_chunks);
      bed.send(chunks.substr(0, cut));
      bed.take();
      EXPECT_FALSE(body.broken());
      end(bed);
      EXPECT_TRUE(body.broken()) << cut;
      EXPECT_FALSE(body.ended());
    }
    for (std::size_t cut = 0; cut < 11; ++cut) {
      body_bed bed;
      auto& body = bed.begin(with_length);
      bed.send(std::string_view{"hello world"}.substr(0, cut));
      end(bed);
      EXPECT_TRUE(body.broken()) << cut;
      EXPECT_FALSE(body.ended());
      EXPECT_EQ(body.left(), 11 - cut);
    }
  }
}

TEST(answer_body, is_whole_when_the_connection_ends_behind_it) {
  for (const auto& [head, sent] : std::vector<std::pair<std::string_view, std::string_view>>{
           {with_length, "hello world"}, {in_chunks, chunks}}) {
    body_bed bed;
    auto& body = bed.begin(head);
    bed.send(sent);
    bed.finish();
    bed.take();
    EXPECT_EQ(bed.text, "hello world");
    EXPECT_TRUE(body.ended());
    EXPECT_FALSE(body.broken());
  }
}

TEST(answer_body, until_close_is_not_ended_by_a_reset) {
  body_bed bed;
  auto& body = bed.begin(until_close);
  bed.send("hello");
  bed.reset();
  EXPECT_TRUE(bed.take()) << "what came before is there";
  EXPECT_EQ(bed.text, "hello");
  EXPECT_TRUE(body.broken());
  EXPECT_FALSE(body.ended());
}

TEST(answer_body, goes_behind_what_is_there) {
  body_bed bed;
  bed.begin(with_length);
  bed.text = "before ";
  bed.send("hello world");
  EXPECT_TRUE(bed.take());
  EXPECT_EQ(bed.text, "before hello world");
  EXPECT_FALSE(bed.take()) << "once";
}

TEST(answer_body, begins_anew_with_the_next_answer) {
  body_bed bed;
  bed.begin(in_chunks);
  bed.send("zz\r\n");
  bed.take();
  EXPECT_TRUE(bed.body.broken());
  bed.from->consume(bed.from->input().size());
  auto& body = bed.begin(in_chunks);
  EXPECT_FALSE(body.broken());
  EXPECT_FALSE(body.ended());
  bed.send(chunks);
  bed.take();
  EXPECT_EQ(bed.text, "hello world");
  EXPECT_TRUE(body.ended());
}

TEST(answer_body, of_an_answer_that_ends_its_connection_leaves_none) {
  for (const std::string_view head : {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n",
                                      "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                      "Content-Length: 2\r\n\r\n",
                                      "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"}) {
    body_bed bed;
    auto& body = bed.begin(head);
    bed.send("ok");
    bed.take();
    EXPECT_TRUE(body.ended()) << head;
    EXPECT_FALSE(body.leaves_connection()) << head;
  }
  body_bed bed;
  bed.begin("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(bed.body.leaves_connection());
}

TEST(answer_body, says_whether_the_coding_or_the_connection_has_broken_it) {
  for (const bool coding : {true, false}) {
    body_bed bed;
    bed.begin(in_chunks);
    bed.send(coding ? "zz\r\n" : "5\r\nhe");
    if (!coding)
      bed.finish();
    bed.take();
    EXPECT_TRUE(bed.body.broken());
    EXPECT_EQ(bed.body.malformed(), coding);
  }
}

// ---- over TLS ----

TEST(answer_body, until_close_over_tls_is_ended_by_close_notify) {
  body_bed bed;
  bed.secure();
  auto& body = bed.begin(until_close);
  bed.send("hello");
  bed.finish();
  EXPECT_TRUE(bed.take());
  EXPECT_EQ(bed.text, "hello");
  EXPECT_TRUE(body.ended());
  EXPECT_FALSE(body.broken());
}

TEST(answer_body, until_close_over_tls_is_not_ended_without_close_notify) {
  body_bed bed;
  bed.secure();
  auto& body = bed.begin(until_close);
  bed.send("hello");
  bed.cut();
  EXPECT_TRUE(bed.take()) << "what came before is there";
  EXPECT_EQ(bed.text, "hello");
  EXPECT_FALSE(body.ended()) << "anybody on the way could have cut it";
  EXPECT_TRUE(body.broken());
}

TEST(answer_body, that_says_where_it_ends_needs_no_close_notify) {
  for (const auto& [head, sent] : std::vector<std::pair<std::string_view, std::string_view>>{
           {with_length, "hello world"}, {in_chunks, chunks}}) {
    body_bed bed;
    bed.secure();
    auto& body = bed.begin(head);
    bed.send(sent);
    bed.cut();
    bed.take();
    EXPECT_EQ(bed.text, "hello world");
    EXPECT_TRUE(body.ended());
    EXPECT_FALSE(body.broken());
  }
}

// ---- passed on as it lies there ----

TEST(answer_body, is_passed_on_cut_anywhere) {
  const struct {
    std::string_view head, sent;
    std::size_t tail; ///< of what is sent
  } cases[] = {{with_length, "hello world", 0},
               {in_chunks, chunks, std::string_view{"X-Trailer: 1\r\n\r\n"}.size()}};
  for (const auto& one : cases)
    for (std::size_t cut = 0; cut <= one.sent.size(); ++cut) {
      body_bed bed;
      auto& body = bed.begin(one.head);
      bed.send(one.sent.substr(0, cut));
      auto tail = bed.pass();
      EXPECT_EQ(bed.raw, one.sent.substr(0, cut));
      EXPECT_EQ(body.ended(), cut == one.sent.size()) << cut;
      bed.send(std::string{one.sent.substr(cut)} + "NEXT");
      tail += bed.pass();
      EXPECT_EQ(bed.raw, one.sent) << cut;
      EXPECT_EQ(tail, one.tail) << cut;
      EXPECT_TRUE(body.ended());
      EXPECT_FALSE(body.broken());
      EXPECT_TRUE(body.leaves_connection());
      if (body.framing() == body_framing::chunked)
        EXPECT_EQ(bed.text, "hello world") << cut;
      else
        EXPECT_EQ(body.left(), 0U);
      EXPECT_EQ(bed.from->input(), "NEXT") << "belongs to the next answer";
      EXPECT_EQ(bed.pass(), 0U);
      EXPECT_EQ(bed.raw, one.sent) << "nothing behind the end";
    }
}

TEST(answer_body, is_passed_on_without_being_decoded_for_anybody) {
  body_bed bed;
  auto& body = bed.begin(in_chunks);
  bed.send(chunks);
  EXPECT_EQ(body.pass(*bed.from, nullptr).bytes, chunks.size());
  EXPECT_TRUE(body.ended());
  EXPECT_EQ(bed.from->input(), chunks) << "whoever passes it on consumes it";
}

TEST(answer_body, that_is_none_passes_nothing_on) {
  body_bed bed;
  auto& body = bed.begin("HTTP/1.1 204 No Content\r\n\r\n");
  bed.send("stray");
  EXPECT_EQ(body.pass(*bed.from, nullptr).bytes, 0U);
  EXPECT_TRUE(body.ended());
}

TEST(answer_body, knows_its_end_when_it_is_passed_on_as_well) {
  for (const std::string_view head : {with_length, in_chunks, until_close})
    for (const bool by_reset : {false, true}) {
      body_bed bed;
      auto& body = bed.begin(head);
      bed.send("5\r\nhe");
      if (by_reset)
        bed.reset();
      else
        bed.finish();
      bed.pass();
      const bool whole = head == until_close && !by_reset;
      EXPECT_EQ(bed.raw, "5\r\nhe");
      EXPECT_EQ(body.ended(), whole) << head << by_reset;
      EXPECT_EQ(body.broken(), !whole) << head << by_reset;
    }
  body_bed bed;
  bed.begin(in_chunks);
  bed.send("5\r\nhello\r\nzz");
  bed.pass();
  EXPECT_EQ(bed.text, "hello") << "what came before is there";
  EXPECT_TRUE(bed.body.malformed());
  EXPECT_TRUE(bed.body.broken());
}

} // namespace
} // namespace synapse::client
