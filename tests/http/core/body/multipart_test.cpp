#include "tests/http/core/body/multipart_support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using test::pieces_of;
using test::read_body;
using test::read_multipart;
using test::read_part;
using enum multipart_error;
using form_event = multipart_reader::event;
using namespace std::string_literals;

const std::string head = "Content-Disposition: form-data; name=a\r\n\r\n";

/// Reads at once, byte by byte, and in all pairs of pieces; the same must come out.
read_body read(const std::string& text, const char* boundary = "b", multipart_limits limits = {}) {
  const read_body out = read_multipart(text, boundary, {}, limits);
  EXPECT_EQ(read_multipart(text, boundary, pieces_of(1, text.size()), limits), out) << text;
  for (std::size_t i = 0; i <= text.size(); ++i)
    EXPECT_EQ(read_multipart(text, boundary, {i}, limits), out) << text << " split at " << i;
  return out;
}

/// A part named "a" that ended.
read_part part(std::string data) {
  return {"a", false, "", "", std::move(data), true};
}
read_body good(std::vector<read_part> parts) {
  return {std::move(parts), true, none};
}

const std::string whole_body =
    "a preamble\r\n--boundarx\r\n--boundary2\r\n\r\n--boundary \t\r\n" + head +
    "one\r\n--boundary2--\r\n\r\n--boundary\r\n"
    "X-Other: y\r\ncontent-disposition:form-data;name=\"f\";filename=\"x.wav\"\r\n"
    "Content-Type: audio/wav\r\n\r\n"
    "\r\r\n-\r\n--\r\n--boundar\r\n--boundary-\r\n--boundary\r\n" +
    head + "\r\n--boundary--  \r\nan epilogue\n--boundary\r\n--boundary--x\r\n";
const read_body whole_result = good({
    part("one\r\n--boundary2--\r\n"),
    {"f", true, "x.wav", "audio/wav", "\r\r\n-\r\n--\r\n--boundar\r\n--boundary-", true},
    part(""),
});

TEST(multipart_reader, whole_body) {
  EXPECT_EQ(read(whole_body, "boundary"), whole_result);
}

TEST(multipart_reader, every_pair_of_splits) {
  for (std::size_t i = 0; i <= whole_body.size(); ++i)
    for (std::size_t j = i; j <= whole_body.size(); j += 1 + j % 3)
      ASSERT_EQ(read_multipart(whole_body, "boundary", {i, j}), whole_result) << i << " " << j;
}

TEST(multipart_reader, every_size_of_pieces) {
  for (std::size_t n = 1; n < 100; ++n)
    ASSERT_EQ(read_multipart(whole_body, "boundary", pieces_of(n, whole_body.size())), whole_result)
        << n;
}

TEST(multipart_reader, is_whole_only_with_the_closing_delimiter) {
  const std::string text = "--b\r\n" + head + "1\r\n--b\r\n" + head + "2\r\n--b--";
  EXPECT_EQ(read(text), good({part("1"), part("2")}));
  for (std::size_t n = 0; n < text.size(); ++n) {
    const read_body out = read_multipart(std::string_view(text).substr(0, n), "b");
    ASSERT_EQ(out.error, unterminated) << n;
    ASSERT_FALSE(out.end);
  }
}

TEST(multipart_reader, steps_and_views) {
  const std::string text = "--b\r\n" + head + "data\r\n--b--\r\nrest";
  multipart_reader reader("b");
  const char* p = text.data();
  std::size_t n = text.size();
  const auto next = [&] {
    const multipart_reader::step s = reader.next(p, n);
    p += s.consumed;
    n -= s.consumed;
    return s;
  };
  EXPECT_EQ(reader.part_number(), 0u);
  EXPECT_EQ(next().what, form_event::part_begin);
  EXPECT_EQ(reader.part().name, "a");
  EXPECT_EQ(reader.part_number(), 1u);
  const multipart_reader::step data = next();
  EXPECT_EQ(data.what, form_event::data);
  EXPECT_EQ(data.data, "data");
  EXPECT_EQ(data.data.data(), text.data() + text.find("data\r\n"));
  EXPECT_EQ(next().what, form_event::part_end);
  EXPECT_EQ(reader.part().name, "a");
  EXPECT_EQ(next().what, form_event::end);
  EXPECT_EQ(next().what, form_event::need_more);
  EXPECT_EQ(n, 0u);
  EXPECT_EQ(reader.next(nullptr, 0).what, form_event::need_more);
  EXPECT_EQ(reader.finish(), none);
}

TEST(multipart_reader, data_is_not_held_back_without_need) {
  const std::string text = "--b\r\n" + head + "data\r\n--";
  multipart_reader reader("b");
  const std::size_t used = reader.next(text.data(), text.size()).consumed;
  const multipart_reader::step s = reader.next(text.data() + used, text.size() - used);
  EXPECT_EQ(s.data, "data"); // and only what may be the delimiter stays
  EXPECT_EQ(reader.next("\r\n--", 4).what, form_event::need_more);
  EXPECT_EQ(reader.next("\r\n--x", 5).data, "\r\n--x");
}

TEST(multipart_reader, no_parts) {
  for (const char* text : {"--b--", "--b--\r\n", "\r\n--b--\r\n", "preamble\r\n--b--\r\nepilogue"})
    EXPECT_EQ(read(text), good({})) << text;
  for (const char* text : {"", "--", "--b", "--b-", "--c--", "x--b--", "\n--b--", "x\n--b--"})
    EXPECT_EQ(read(text), (read_body{{}, false, unterminated})) << text;
}

TEST(multipart_reader, empty_data) {
  EXPECT_EQ(read("--b\r\n" + head + "\r\n--b--"), good({part("")}));
  // RFC 2046: a body-part is headers and, perhaps, an empty line and data.
  EXPECT_EQ(read("--b\r\n" + head + "--b--"), good({part("")}));
  EXPECT_EQ(read("--b\r\n" + head + "--b\r\n" + head + "--b--"), good({part(""), part("")}));
  EXPECT_EQ(read("x\r\n--b\r\n" + head + "1\r\n--b\r\n" + head + "--b--"),
            good({part("1"), part("")}));
  EXPECT_EQ(read("--b\r\n" + head + "--bc\r\n--b--"), good({part("--bc")}));
  EXPECT_EQ(read("--b\r\n" + head + "\r\n\r\n--b--"), good({part("\r\n")}));
}

TEST(multipart_reader, data_that_begins_like_a_delimiter) {
  const std::string delimiter = "\r\n--bound";
  for (std::size_t n = 1; n <= delimiter.size(); ++n) {
    const std::string prefix = delimiter.substr(0, n);
    // The whole of it directly before the delimiter would be one itself.
    const std::string at_end = n < delimiter.size() ? prefix : prefix + "-";
    for (const std::string& data :
         {prefix + "x", prefix + "x" + prefix + "y", prefix + prefix + "x", "\r" + prefix + "x",
          prefix + "-x", prefix + "\x01", prefix + "x" + std::string(40, 'y') + at_end, at_end}) {
      if (n == delimiter.size() && data.starts_with(prefix + prefix))
        continue;
      EXPECT_EQ(read("--bound\r\n" + head + data + "\r\n--bound--", "bound"), good({part(data)}));
    }
  }
}

TEST(multipart_reader, a_delimiter_needs_a_crlf_before_it) {
  for (const std::string data : {"x--b\r\n", "x\n--b\r\n", "x\r--b\r\n", "x\r\n --b--", "x\r\n-b--",
                                 "\n--b--", "x\r\n--B--", "x\n\r--b--"})
    EXPECT_EQ(read("--b\r\n" + head + data + "\r\n--b--"), good({part(data)}));
}

TEST(multipart_reader, any_bytes_in_data) {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all.append({static_cast<char>(i), '\r', static_cast<char>(i), '\n'});
  EXPECT_EQ(read("--b\r\n" + head + all + "\r\n--b--"), good({part(all)}));
}

TEST(multipart_reader, finds_the_delimiter_at_every_offset) {
  for (std::size_t n = 0; n < 100; ++n) {
    const std::string data(n, '\r');
    for (const std::string& d : {data, std::string(n, 'x')})
      for (const char* after : {"", "\r\n", "a long enough epilogue to fill a register"})
        ASSERT_EQ(read_multipart("--b\r\n" + head + d + "\r\n--b--" + after, "b"),
                  *after == 'a' ? (read_body{{part(d)}, true, not_a_delimiter}) : good({part(d)}))
            << n;
  }
}

/// Where the data ends, found in the simplest way there is; npos if it does not.
std::size_t end_of_data(const std::string& text, const std::string& boundary) {
  const std::string delimiter = "\r\n--" + boundary;
  for (std::size_t at = 0; (at = text.find(delimiter, at)) != std::string::npos; ++at) {
    const std::string after = text.substr(at + delimiter.size(), 2);
    if (after == "--" || (!after.empty() && " \t\r\n"s.find(after[0]) != std::string::npos))
      return at;
  }
  return std::string::npos;
}

TEST(multipart_reader, agrees_with_a_plain_search) {
  test::dice random(21);
  const std::vector<std::string> pieces = {"\r", "\n", "-",    "--",   "\r\n",   "\r\n--",
                                           "b",  "bb", "--bb", "x\ty", "\r\n--b"};
  unsigned ended = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string data = "x";
    for (std::size_t n = random.below(40); n > 0; --n)
      data += random.pick(pieces);
    const std::size_t size = end_of_data(data, "bb");
    const read_body out =
        read_multipart("--bb\r\n" + head + data, "bb", {random.below(data.size())});
    ASSERT_EQ(out.parts.empty() ? false : out.parts[0].whole, size != std::string::npos) << data;
    if (size != std::string::npos) {
      ASSERT_EQ(out.parts[0].data, data.substr(0, size));
      ++ended;
    }
  }
  EXPECT_GT(ended, 1000u);
  EXPECT_LT(ended, 19'000u);
}

TEST(multipart_reader, bad_framing) {
  const std::string one = "--b\r\n" + head + "1";
  const std::pair<std::string, multipart_error> cases[] = {
      {"--b\n" + head + "\r\n--b--", bad_line_end},
      {"--b \n", bad_line_end},
      {"--b\r\r\n", bad_line_end},
      {"--b\rx", bad_line_end},
      {"--b x\r\n", not_a_delimiter},
      {"--b \t-- \r\n", not_a_delimiter},
      {"--b--x", not_a_delimiter},
      {"--b---", not_a_delimiter},
      {"--b-- x", not_a_delimiter},
      {"--b--\n", bad_line_end},
      {"--b-- \n", bad_line_end},
      {"--b--\r", bad_line_end},
      {"--b--\rx", bad_line_end},
      {one + "\r\n--b\n", bad_line_end},
      {one + "\r\n--b x", not_a_delimiter},
      {one + "\r\n--b--x", not_a_delimiter},
      {one + "\r\n--b--\n", bad_line_end},
      {"--b\r\n\n", bad_line_end},
      {"--b\r\n\r\n1\r\n--b--", no_name},
      {"--b\r\n--b--", unterminated},
      {"--b\r\nA: b\n\r\n", bad_line_end},
      {"--b\r\n" + head.substr(0, head.size() - 2) + "\n", bad_line_end},
      {"--b\r\nContent-Disposition: form-data; name=a\n\n1\r\n--b--", bad_line_end},
  };
  for (const auto& [text, error] : cases) {
    EXPECT_EQ(read(text).error, error) << text;
    EXPECT_FALSE(message_of(error).empty());
  }
}

TEST(multipart_reader, an_error_stays) {
  multipart_reader reader("b");
  EXPECT_EQ(reader.next("--b\n", 4).what, form_event::error);
  EXPECT_EQ(reader.next("--b--", 5).what, form_event::error);
  EXPECT_EQ(reader.next(nullptr, 0).what, form_event::error);
  EXPECT_EQ(reader.finish(), bad_line_end);
  multipart_reader ended("b");
  EXPECT_EQ(ended.finish(), unterminated);
  EXPECT_EQ(ended.next("--b--", 5).what, form_event::error);
}

TEST(multipart_reader, a_boundary_that_is_none) {
  for (const char* boundary : {"", "a ", "a\r\nb", "a\"b", "\xc3\xbc"}) {
    multipart_reader reader(boundary);
    EXPECT_EQ(reader.next("x", 1).what, form_event::error);
    EXPECT_EQ(reader.error(), bad_boundary);
  }
}

TEST(multipart_reader, the_longest_boundary) {
  const std::string boundary = std::string(35, '-') + std::string(35, '\'');
  const std::string data = "\r\n--" + boundary.substr(0, 69) + "-\r\n--" + boundary + "-";
  EXPECT_EQ(
      read("--" + boundary + "\r\n" + head + data + "\r\n--" + boundary + "--", boundary.c_str()),
      good({part(data)}));
}

TEST(multipart_reader, preamble_limit) {
  const multipart_limits limits{.max_preamble_bytes = 20};
  EXPECT_EQ(read(std::string(20, 'x') + "\r\n--b--", "b", limits), good({}));
  EXPECT_EQ(read(std::string(21, 'x') + "\r\n--b--", "b", limits).error, preamble_too_large);
  EXPECT_EQ(read(std::string(21, 'x'), "b", limits).error, preamble_too_large);
  EXPECT_EQ(read(std::string(20, 'x'), "b", limits).error, unterminated);
  EXPECT_EQ(read("\r\n--bx\r\n--bx\r\n--bx\r\n--b--", "b", limits), good({}));
  EXPECT_EQ(read("\r\n--bx\r\n--bx\r\n--bxyyy\r\n--b--", "b", limits).error, preamble_too_large);
  EXPECT_EQ(read("--b--\r\n" + std::string(100, 'x'), "b", limits), good({}));
}

TEST(multipart_reader, part_limit) {
  const multipart_limits limits{.max_parts = 2};
  const std::string one = "--b\r\n" + head + "1\r\n";
  EXPECT_EQ(read(one + one + "--b--", "b", limits), good({part("1"), part("1")}));
  EXPECT_EQ(read(one + one + one + "--b--", "b", limits).error, too_many_parts);
  EXPECT_EQ(read(one + "--b--", "b", {.max_parts = 0}).error, too_many_parts);
}

TEST(multipart_reader, header_limits) {
  // The empty line counts, and every part has the whole of it.
  const std::string text = "--b\r\n" + head + "1\r\n--b\r\n" + head + "1\r\n--b--";
  multipart_limits limits{.max_header_bytes = head.size(), .max_headers = 1};
  EXPECT_EQ(read(text, "b", limits), good({part("1"), part("1")}));
  --limits.max_header_bytes;
  EXPECT_EQ(read(text, "b", limits).error, header_too_large);
  EXPECT_EQ(read(text, "b", {.max_header_bytes = 10}).error, header_too_large);
  EXPECT_EQ(read("--b\r\n" + std::string(30, 'x'), "b", {.max_header_bytes = 30}).error,
            header_too_large);
  EXPECT_EQ(read("--b\r\n" + std::string(29, 'x'), "b", {.max_header_bytes = 30}).error,
            unterminated);
  const std::string two = "--b\r\nA: b\r\n" + head + "1\r\n--b--";
  EXPECT_EQ(read(two, "b", {.max_headers = 2}), good({part("1")}));
  EXPECT_EQ(read(two, "b", {.max_headers = 1}).error, too_many_headers);
}

} // namespace
} // namespace synapse::http
