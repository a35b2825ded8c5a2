#include "bench/sse_scan.hpp"
#include "bench/stub_answers.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

using namespace synapse::bench;

namespace {

std::vector<std::string> events_of(std::string_view stream, std::size_t piece) {
  event_scanner scanner;
  std::vector<std::string> seen;
  for (std::size_t at = 0; at < stream.size(); at += piece)
    scanner.feed(stream.substr(at, piece), [&](std::string_view data) { seen.emplace_back(data); });
  return seen;
}

} // namespace

TEST(bench_sse, events_do_not_depend_on_where_reads_are_cut) {
  const std::string stream = ": ping\n\ndata: one\n\ndata:two\r\n\r\nevent: x\ndata: a\ndata: b\n\n"
                             "data: [DONE]\n\n";
  const std::vector<std::string> expected{"one", "two", "a\nb", "[DONE]"};
  for (std::size_t piece = 1; piece <= stream.size(); ++piece)
    EXPECT_EQ(events_of(stream, piece), expected) << piece;
}

TEST(bench_sse, an_event_without_its_blank_line_is_not_delivered) {
  event_scanner scanner;
  int seen = 0;
  scanner.feed("data: half", [&](std::string_view) { ++seen; });
  EXPECT_TRUE(scanner.mid_event());
  scanner.feed("\n", [&](std::string_view) { ++seen; });
  EXPECT_TRUE(scanner.mid_event());
  EXPECT_EQ(seen, 0);
  scanner.feed("\n", [&](std::string_view) { ++seen; });
  EXPECT_FALSE(scanner.mid_event());
  EXPECT_EQ(seen, 1);
}

TEST(bench_sse, a_send_time_is_found_whatever_the_json_around_it_looks_like) {
  EXPECT_EQ(event_timestamp(R"({"delta":{"content":"@00000000000000000042;"}})"), 42U);
  EXPECT_EQ(event_timestamp(R"({ "delta": { "content": "@1234567890123;" } })"), 1234567890123U);
  EXPECT_EQ(event_timestamp(R"({"user":"a@b.c","delta":{"content":"@7;"}})"), 7U);
}

TEST(bench_sse, no_send_time_is_made_up) {
  for (const char* data :
       {"", "@", "@;", "@12", "@12x;", "@x12;", "[DONE]", "@99999999999999999999;",
        R"({"delta":{"role":"assistant","content":null}})"})
    EXPECT_FALSE(event_timestamp(data)) << data;
}

TEST(bench_sse, the_stub_writes_what_the_scanner_reads) {
  stream_pieces pieces;
  const std::size_t size = pieces.content(1).size();
  for (const std::uint64_t sent : {std::uint64_t{0}, std::uint64_t{123'456'789'012},
                                   std::numeric_limits<std::uint64_t>::max()}) {
    const std::string_view chunk = pieces.content(sent);
    EXPECT_EQ(chunk.size(), size);
    EXPECT_EQ(event_timestamp(chunk), sent);
  }
  EXPECT_FALSE(event_timestamp(pieces.opening()));
  EXPECT_FALSE(event_timestamp(pieces.closing(true)));
}
