#include "http/core/head/head_parser.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace synapse::http {
namespace {

TEST(head_errors, every_one_has_a_status_and_a_message) {
  for (unsigned i = 1; i < static_cast<unsigned>(head_error::count_); ++i) {
    const auto error = static_cast<head_error>(i);
    EXPECT_GE(status_of(error), 400u) << i;
    EXPECT_FALSE(message_of(error).empty()) << i;
  }
  EXPECT_EQ(status_of(head_error::bad_host), 400u);
  EXPECT_EQ(status_of(head_error::uri_too_long), 414u);
  EXPECT_EQ(status_of(head_error::head_too_large), 431u);
  EXPECT_EQ(status_of(head_error::too_many_fields), 431u);
  EXPECT_EQ(status_of(head_error::unsupported_transfer_coding), 501u);
  EXPECT_EQ(status_of(head_error::unsupported_version), 505u);
}

TEST(head_errors, what_is_no_error_says_nothing) {
  EXPECT_EQ(message_of(head_error::none), "");
}

TEST(head_errors, have_sentences_of_their_own) {
  std::set<std::string_view> texts;
  for (unsigned i = 0; i < static_cast<unsigned>(head_error::count_); ++i)
    texts.insert(message_of(static_cast<head_error>(i)));
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(head_error::count_));
}

} // namespace
} // namespace synapse::http
