#include "http/core/body/chunked.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using test::exact_copy;

struct decoded {
  std::string payload;
  std::size_t used = 0;
  bool done = false;
  chunk_error error = chunk_error::none;
  bool operator==(const decoded&) const = default;
};

/// Feeds the pieces that end at `splits` and the end of the text.
decoded decode(std::string_view text, std::vector<std::size_t> splits = {},
               chunk_limits limits = {}) {
  chunk_decoder decoder(limits);
  decoded out;
  splits.push_back(text.size());
  std::size_t begin = 0;
  for (const std::size_t end : splits) {
    const exact_copy piece(text.substr(begin, end - begin));
    std::vector<std::string_view> spans;
    const std::size_t used = decoder.feed(piece.begin(), piece.size(), &spans);
    for (const std::string_view s : spans)
      out.payload += s;
    out.used += used;
    if (used < piece.size())
      break;
    begin = end;
  }
  out.done = decoder.done();
  out.error = decoder.error();
  EXPECT_EQ(decoder.failed(), out.error != chunk_error::none);
  EXPECT_EQ(decoder.payload_bytes(), out.payload.size());
  return out;
}

const std::string_view body = "5\r\nhello\r\n"
                              "0000000A;name=\"a;b\" ; x\r\n, chunked\r\r\n"
                              "3 \t;y\r\n\r\n!\r\n"
                              "000;last\r\n"
                              "Trailer-One: a\r\nT2:\tb \xff\r\n\r\n";

TEST(chunk_decoder, whole_body) {
  const decoded out = decode(std::string(body) + "GET / HTTP/1.1");
  EXPECT_TRUE(out.done);
  EXPECT_EQ(out.payload, "hello, chunked\r\r\n!");
  EXPECT_EQ(out.used, body.size()); // the next request is left alone
}

TEST(chunk_decoder, every_split_and_every_pair_of_splits) {
  const decoded expected = decode(body);
  ASSERT_TRUE(expected.done);
  for (std::size_t i = 0; i <= body.size(); ++i)
    for (std::size_t j = i; j <= body.size(); ++j)
      ASSERT_EQ(decode(body, {i, j}), expected) << i << " " << j;
}

TEST(chunk_decoder, byte_by_byte) {
  std::vector<std::size_t> all;
  for (std::size_t i = 1; i < body.size(); ++i)
    all.push_back(i);
  EXPECT_EQ(decode(body, all), decode(body));
}

TEST(chunk_decoder, incomplete_bodies_are_neither_done_nor_failed) {
  for (std::size_t n = 0; n < body.size(); ++n) {
    const decoded out = decode(body.substr(0, n));
    ASSERT_FALSE(out.done) << n;
    ASSERT_EQ(out.error, chunk_error::none) << n;
    ASSERT_EQ(out.used, n);
  }
}

TEST(chunk_decoder, payload_spans_point_into_the_input) {
  const std::string text = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  chunk_decoder decoder;
  const auto first = decoder.next(text.data(), text.size());
  EXPECT_EQ(first.payload.data(), text.data() + 3);
  EXPECT_EQ(first.payload, "abc");
  EXPECT_EQ(first.consumed, 6u);
  const auto second = decoder.next(text.data() + 6, text.size() - 6);
  EXPECT_EQ(second.payload, "de");
  const auto third = decoder.next(text.data() + 6 + second.consumed, 7);
  EXPECT_TRUE(third.payload.empty());
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(decoder.next("x", 1).consumed, 0u);
}

TEST(chunk_decoder, boundaries) {
  chunk_decoder decoder;
  EXPECT_TRUE(decoder.at_boundary());
  decoder.feed("2", 1);
  EXPECT_FALSE(decoder.at_boundary());
  decoder.feed("\r\nab", 4);
  EXPECT_FALSE(decoder.at_boundary());
  decoder.feed("\r\n", 2);
  EXPECT_TRUE(decoder.at_boundary());
  decoder.feed("0\r\n", 3);
  EXPECT_FALSE(decoder.at_boundary());
  decoder.feed("\r\n", 2);
  EXPECT_TRUE(decoder.done());
  EXPECT_FALSE(decoder.at_boundary());
  decoder.reset();
  EXPECT_TRUE(decoder.at_boundary());
  EXPECT_EQ(decoder.payload_bytes(), 0u);
}

TEST(chunk_decoder, tells_how_many_bytes_are_behind_the_last_chunk) {
  const std::string body = "2;x\r\nab\r\n0;y\r\n";
  for (const std::string tail : {"\r\n", "A: b\r\nC:\r\n\r\n"}) {
    const std::string text = body + tail;
    for (std::size_t split = 0; split <= text.size(); ++split) {
      chunk_decoder decoder;
      decoder.feed(text.data(), split);
      EXPECT_EQ(decoder.tail_bytes(), split < body.size() ? 0 : split - body.size()) << split;
      decoder.feed(text.data() + split, text.size() - split);
      EXPECT_TRUE(decoder.done());
      EXPECT_EQ(decoder.tail_bytes(), tail.size());
    }
  }
}

TEST(chunk_decoder, bad_bodies) {
  const std::pair<const char*, chunk_error> cases[] = {
      {"\r\n", chunk_error::bad_size},
      {"g\r\n", chunk_error::bad_size},
      {"-1\r\n", chunk_error::bad_size},
      {"+1\r\n", chunk_error::bad_size},
      {" 1\r\n", chunk_error::bad_size},
      {"0x1\r\n", chunk_error::bad_size},
      {"1_0\r\n", chunk_error::bad_size},
      {";a\r\n", chunk_error::bad_size},
      {"00000000000000001\r\n", chunk_error::bad_size},
      {"8000000000000000\r\n", chunk_error::bad_size},
      {"FFFFFFFFFFFFFFFF\r\n", chunk_error::bad_size},
      {"10000000000000000\r\n", chunk_error::bad_size},
      {"1\na\r\n", chunk_error::bad_line_ending},
      {"1\r\r\n", chunk_error::bad_line_ending},
      {"1\ra", chunk_error::bad_line_ending},
      {"1;a\n", chunk_error::bad_line_ending},
      {"1;a\rb", chunk_error::bad_line_ending},
      {"1 \n", chunk_error::bad_line_ending},
      {"1 \r\n", chunk_error::bad_extension},
      {"1 2\r\n", chunk_error::bad_extension},
      {"1;a\x01\r\n", chunk_error::bad_extension},
      {"1\r\nab\r\n", chunk_error::bad_line_ending},
      {"1\r\na\n", chunk_error::bad_line_ending},
      {"1\r\na0\r\n\r\n", chunk_error::bad_line_ending},
      {"1\r\na\r0", chunk_error::bad_line_ending},
      {"0\r\n\n", chunk_error::bad_line_ending},
      {"0\r\n\rx", chunk_error::bad_line_ending},
      {"0\r\nA: b\n\r\n", chunk_error::bad_line_ending},
      {"0\r\nA: b\rC", chunk_error::bad_line_ending},
      {"0\r\n: b\r\n", chunk_error::bad_trailer},
      {"0\r\n A: b\r\n", chunk_error::bad_trailer},
      {"0\r\nA : b\r\n", chunk_error::bad_trailer},
      {"0\r\nA\r\n", chunk_error::bad_trailer},
      {"0\r\nA: \x02\r\n", chunk_error::bad_trailer},
      {"0\r\nGET / HTTP/1.1\r\n", chunk_error::bad_trailer},
  };
  for (const auto& [text, error] : cases) {
    const decoded out = decode(text);
    EXPECT_EQ(out.error, error) << text;
    EXPECT_FALSE(message_of(out.error).empty());
    std::vector<std::size_t> all;
    for (std::size_t i = 1; i < std::string_view(text).size(); ++i)
      all.push_back(i);
    EXPECT_EQ(decode(text, all), out) << text;
  }
}

TEST(chunk_decoder, largest_chunk_size) {
  chunk_decoder decoder;
  const std::string_view head = "7FFFFFFFFFFFFFFF\r\nx";
  EXPECT_EQ(decoder.feed(head.data(), head.size()), head.size());
  EXPECT_FALSE(decoder.failed());
  EXPECT_EQ(decoder.payload_bytes(), 1u);
}

TEST(chunk_decoder, limits) {
  const chunk_limits limits{.max_extension_bytes = 10, .max_trailer_bytes = 20};
  EXPECT_TRUE(decode("1;abcdefghi\r\nx\r\n0\r\n\r\n", {}, limits).done);
  EXPECT_EQ(decode("1;abcdefghij\r\n", {}, limits).error, chunk_error::extension_too_long);
  // The sum counts: many small extensions are as bad as a large one.
  EXPECT_EQ(decode("1;abcd\r\nx\r\n1;abcd\r\nx\r\n1;a\r\n", {}, limits).error,
            chunk_error::extension_too_long);
  EXPECT_EQ(decode("0\r\nA: aaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n", {}, limits).error,
            chunk_error::trailer_too_long);
  EXPECT_EQ(decode("0\r\nA: b\r\nC: d\r\nE: f\r\nG: hi\r\n\r\n", {}, limits).error,
            chunk_error::trailer_too_long);
}

TEST(chunk_head, writes_lower_case_hex) {
  char buffer[20];
  EXPECT_EQ(chunk_head(1, buffer), "1\r\n");
  EXPECT_EQ(chunk_head(0xabc, buffer), "abc\r\n");
  EXPECT_EQ(chunk_head(~std::uint64_t{0}, buffer), "ffffffffffffffff\r\n");
}

TEST(chunk_head, what_is_written_can_be_read) {
  test::dice random(4);
  for (int i = 0; i < 200; ++i) {
    std::string wire, payload;
    for (std::size_t n = random.below(5); n > 0; --n) {
      const std::string chunk(1 + random.below(3000), static_cast<char>('a' + random.below(26)));
      char buffer[20];
      wire.append(chunk_head(chunk.size(), buffer)).append(chunk).append("\r\n");
      payload += chunk;
    }
    wire += last_chunk;
    const decoded out = decode(wire, {random.below(wire.size())});
    EXPECT_TRUE(out.done);
    EXPECT_EQ(out.payload, payload);
  }
}

} // namespace
} // namespace synapse::http
