#include "http/dashboard/catalog/trace_view.hpp"
#include "routing/failure/verdict.hpp"
#include "routing/journey/moved.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::api {
namespace {

using json = nlohmann::ordered_json;
using telemetry::trace_end;

telemetry::traced_attempt attempt(std::string_view id, trace_end end) {
  telemetry::traced_attempt one;
  one.deployment.assign(id);
  one.end = end;
  one.took_us = 1500;
  return one;
}

/// Two attempts: the first one's key is refused.
telemetry::request_trace two_attempts() {
  telemetry::request_trace trace;
  trace.number = 7;
  trace.count = 2;
  auto& first = trace.attempts[0] = attempt("gpu", trace_end::failed);
  first.status = 401;
  first.row = 13;
  first.disposition = static_cast<std::uint8_t>(routing::disposition::hard_down);
  first.trouble = static_cast<std::uint8_t>(routing::trouble::key_refused);
  first.went_on = true;
  first.moved = static_cast<std::uint8_t>(routing::moved::order);
  trace.attempts[1] = attempt("cpu", trace_end::good);
  trace.attempts[1].status = 200;
  return trace;
}

telemetry::finished_request request(std::uint64_t trace) {
  telemetry::finished_request one;
  one.trace = trace;
  one.deployment.assign("cpu");
  one.status = 200;
  one.duration_ns = 9'000'000;
  one.overhead_ns = 1'000'000;
  return one;
}

json shown(const telemetry::request_trace& trace) {
  telemetry::trace_ring ring{4};
  ring.add(trace);
  return describe_attempts(request(trace.number), read_traces({&ring}));
}

TEST(trace_view, tells_each_attempt_and_where_it_went_next) {
  const auto all = shown(two_attempts());
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], (json{{"deployment", "gpu"},
                          {"end", "failed"},
                          {"outcome", "it does not take the gateway's key"},
                          {"row", 13},
                          {"status", 401},
                          {"ms", 1.5},
                          {"next", "order"}}));
  EXPECT_EQ(all[1]["outcome"], "answered");
  EXPECT_TRUE(all[1]["next"].is_null());
  EXPECT_TRUE(all[1]["row"].is_null());
}

TEST(trace_view, tells_a_neighbour_from_a_repetition) {
  auto trace = two_attempts();
  trace.attempts[0].moved = 0;
  EXPECT_EQ(shown(trace)[0]["next"], "beside");
  trace.attempts[1].deployment.assign("gpu");
  EXPECT_EQ(shown(trace)[0]["next"], "again");
}

TEST(trace_view, has_words_where_no_cell_shuts) {
  auto trace = two_attempts();
  trace.attempts[0].trouble = 0;
  trace.attempts[0].disposition = static_cast<std::uint8_t>(routing::disposition::busy);
  EXPECT_EQ(shown(trace)[0]["outcome"], "busy");
  trace.attempts[0].end = trace_end::full;
  EXPECT_EQ(shown(trace)[0]["outcome"], "not asked: it had no room");
}

TEST(trace_view, keeps_the_first_eight_attempts) {
  auto trace = two_attempts();
  trace.count = 30;
  EXPECT_EQ(shown(trace).size(), telemetry::request_trace::most);
}

TEST(trace_view, of_one_good_attempt_is_made_from_the_request) {
  const auto all = describe_attempts(request(0), {});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["deployment"], "cpu");
  EXPECT_EQ(all[0]["status"], 200);
  EXPECT_EQ(all[0]["ms"], 8.0);
}

TEST(trace_view, is_empty_without_a_catalog_and_null_when_forgotten) {
  telemetry::finished_request plain;
  EXPECT_EQ(describe_attempts(plain, {}), json::array());
  EXPECT_TRUE(describe_attempts(request(99), {}).is_null());
}

} // namespace
} // namespace synapse::api
