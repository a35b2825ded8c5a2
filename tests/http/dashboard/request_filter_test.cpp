#include "http/dashboard/request_filter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace synapse::api {
namespace {

using telemetry::finished_request;

finished_request ended(std::int64_t at_ms, unsigned status, std::string_view route = "/chat") {
  finished_request one;
  one.ended_ms = at_ms;
  one.status = static_cast<std::uint16_t>(status);
  one.route = route;
  one.model.assign("small");
  one.backend.assign("router");
  one.id.assign("req-" + std::to_string(at_ms));
  return one;
}

std::string shown(std::vector<finished_request> known, std::string_view query) {
  request_filter wanted;
  EXPECT_EQ(read_filter(query, wanted), "") << query;
  const auto found = select_newest(known, wanted);
  std::string ids;
  for (const auto* one : found.shown)
    ids += std::string{one->id.view()} + ' ';
  return ids;
}

std::vector<finished_request> several() {
  auto left = ended(3, 499);
  left.left = true;
  auto broken = ended(4, 200);
  broken.stream = "truncated";
  broken.broken = true;
  auto whole = ended(5, 200, "/embed");
  whole.stream = "complete";
  whole.model.assign("large");
  whole.backend.assign("embed");
  return {ended(2, 404, ""), ended(1, 200), left, broken, whole, ended(6, 503)};
}

TEST(request_filter, shows_the_newest_first) {
  EXPECT_EQ(shown(several(), ""), "req-6 req-5 req-4 req-3 req-2 req-1 ");
  EXPECT_EQ(shown(several(), "limit=2"), "req-6 req-5 ");
  EXPECT_EQ(shown(several(), "since=4"), "req-6 req-5 ");
}

TEST(request_filter, takes_what_is_asked_for) {
  EXPECT_EQ(shown(several(), "route=/embed"), "req-5 ");
  EXPECT_EQ(shown(several(), "route=%2Fembed&model=small"), "");
  EXPECT_EQ(shown(several(), "route=(none)"), "req-2 ");
  EXPECT_EQ(shown(several(), "backend=embed"), "req-5 ");
  EXPECT_EQ(shown(several(), "model=large"), "req-5 ");
  EXPECT_EQ(shown(several(), "id=req-4"), "req-4 ");
  EXPECT_EQ(shown(several(), "status=404"), "req-2 ");
  EXPECT_EQ(shown(several(), "status=4xx"), "req-3 req-2 ");
  EXPECT_EQ(shown(several(), "status=left"), "req-3 ");
}

TEST(request_filter, counts_a_stream_that_broke_off_among_the_errors) {
  EXPECT_EQ(shown(several(), "status=error"), "req-6 req-4 ");
  EXPECT_EQ(to_string(outcome_of(several()[3])), "server_error");
  EXPECT_EQ(to_string(outcome_of(several()[4])), "good");
  EXPECT_EQ(to_string(outcome_of(several()[2])), "left");
}

TEST(request_filter, offers_what_is_there_to_choose_from) {
  auto known = several();
  request_filter wanted;
  wanted.model = "large";
  const auto found = select_newest(known, wanted);
  EXPECT_EQ(found.kept, 6u);
  EXPECT_EQ(found.matching, 1u);
  EXPECT_EQ(found.routes, (std::set<std::string, std::less<>>{"(none)", "/chat", "/embed"}));
  EXPECT_EQ(found.models, (std::set<std::string, std::less<>>{"large", "small"}));
}

TEST(request_filter, remembers_no_more_than_it_says) {
  std::vector<finished_request> known;
  for (int i = 0; i < 2500; ++i)
    known.push_back(ended(i, 200));
  request_filter wanted;
  wanted.limit = request_filter::most;
  const auto found = select_newest(known, wanted);
  EXPECT_EQ(found.kept, request_filter::most);
  EXPECT_EQ(found.shown.size(), request_filter::most);
  EXPECT_EQ(found.shown.back()->ended_ms, 1500);
}

TEST(request_filter, says_what_it_cannot_read) {
  for (const std::string query : {"limit=0", "limit=1001", "limit=ten", "status=teapot",
                                  "status=6xx", "status=99", "since=soon"}) {
    request_filter into;
    EXPECT_NE(read_filter(query, into), "") << query;
  }
  request_filter into;
  EXPECT_NE(read_filter("route=" + std::string(600, 'x'), into), "");
}

} // namespace
} // namespace synapse::api
