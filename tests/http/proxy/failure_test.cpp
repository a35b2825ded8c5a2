#include "http/proxy/failure.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace synapse::proxy {
namespace {

using counted = telemetry::attempt_result;
using told = actors::attempt_result;

constexpr auto all_mishaps = static_cast<unsigned>(mishap::count_);

template <class F>
void for_each_row(F check) {
  for (unsigned i = 0; i < all_mishaps; ++i) {
    const auto what = static_cast<mishap>(i);
    SCOPED_TRACE("mishap " + std::to_string(i) + ": " + std::string{row_of(what).sentence});
    check(row_of(what));
  }
}

TEST(failure_table, has_the_row_of_each_mishap) {
  for (unsigned i = 0; i < all_mishaps; ++i)
    EXPECT_EQ(row_of(static_cast<mishap>(i)).what, static_cast<mishap>(i));
}

TEST(failure_table, never_blames_the_client) {
  for_each_row([](const mishap_row& row) {
    const auto status = http::info(row.detail).status;
    EXPECT_TRUE(status == 502 || status == 503 || status == 504) << status;
    EXPECT_NE(row.detail, http::response_detail::via_upstream);
    EXPECT_NE(row.detail, http::response_detail::local);
  });
}

TEST(failure_table, tells_the_lane_ok_where_an_answer_was_counted_and_nowhere_else) {
  for_each_row([](const mishap_row& row) {
    EXPECT_EQ(row.counted == counted::ok, row.told == told::ok);
    EXPECT_NE(row.counted, counted::canceled) << "that is what clients do";
    EXPECT_NE(row.told, told::head_received);
  });
}

TEST(failure_table, pairs_what_is_counted_with_what_the_lane_is_told) {
  for_each_row([](const mishap_row& row) {
    switch (row.counted) {
    case counted::refused:
      EXPECT_EQ(row.told, told::connect_failure);
      break;
    case counted::connect_timeout:
      EXPECT_EQ(row.told, told::connect_timeout);
      break;
    case counted::reset_before_head:
      EXPECT_EQ(row.told, told::reset_before_head);
      break;
    case counted::reset_after_head:
      EXPECT_EQ(row.told, told::reset_after_head);
      break;
    case counted::bad_response:
      EXPECT_EQ(row.told, told::bad_response);
      break;
    case counted::response_timeout:
    case counted::first_token_timeout:
    case counted::idle_timeout:
      EXPECT_EQ(row.told, told::response_timeout);
      break;
    case counted::total_timeout:
      EXPECT_TRUE(row.told == told::response_timeout || row.told == told::canceled);
      break;
    default:
      EXPECT_EQ(row.told, told::ok);
    }
  });
}

TEST(failure_table, says_504_of_time_limits_and_of_nothing_else) {
  const std::set<counted> limits{counted::connect_timeout, counted::response_timeout,
                                 counted::first_token_timeout, counted::idle_timeout,
                                 counted::total_timeout};
  for_each_row([&](const mishap_row& row) {
    const bool is_limit = limits.contains(row.counted);
    EXPECT_EQ(http::info(row.detail).status == 504, is_limit);
    EXPECT_EQ(row.stream == telemetry::stream_end::timeout, is_limit);
  });
}

TEST(failure_table, calls_a_stream_that_it_ends_by_what_has_ended_it) {
  for_each_row([](const mishap_row& row) {
    EXPECT_NE(row.stream, telemetry::stream_end::complete);
    EXPECT_NE(row.stream, telemetry::stream_end::done_added);
    EXPECT_NE(row.stream, telemetry::stream_end::client_abort);
    EXPECT_EQ(row.stream == telemetry::stream_end::upstream_error, row.told == told::ok)
        << "an error that the backend reports is an answer";
  });
}

TEST(failure_table, repeats_what_the_backend_cannot_have_begun) {
  const std::set<mishap> repeatable{mishap::connect_timeout, mishap::connect_failure,
                                    mishap::tls_failure, mishap::reset_before_answer};
  for_each_row(
      [&](const mishap_row& row) { EXPECT_EQ(row.repeatable, repeatable.contains(row.what)); });
}

TEST(failure_table, does_not_hold_against_a_backend_that_it_answers_for_long) {
  EXPECT_EQ(row_of(mishap::total_timeout_answering).told, told::canceled);
  EXPECT_EQ(row_of(mishap::total_timeout_silent).told, told::response_timeout);
}

TEST(failure_table, has_sentences_that_go_on_behind_a_name) {
  std::set<std::string_view> seen;
  for_each_row([&](const mishap_row& row) {
    ASSERT_FALSE(row.sentence.empty());
    EXPECT_FALSE(row.sentence.ends_with('.'));
    EXPECT_FALSE(row.sentence.starts_with(' '));
    // The two of `timeouts.total` are the same thing to whoever reads it.
    if (row.what != mishap::total_timeout_answering) {
      EXPECT_TRUE(seen.insert(row.sentence).second) << "said twice";
    }
  });
  EXPECT_EQ(row_of(mishap::total_timeout_answering).sentence,
            row_of(mishap::total_timeout_silent).sentence);
}

TEST(failure_table, is_reached_from_a_failure) {
  failure failed;
  failed.what = mishap::event_too_large;
  EXPECT_EQ(&failed.row(), &row_of(mishap::event_too_large));
  EXPECT_EQ(failed.row().detail, http::response_detail::stream_event_too_large);
}

} // namespace
} // namespace synapse::proxy
