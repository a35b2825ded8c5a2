#include "http/core/head/status.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string_view>

namespace synapse::http {
namespace {

TEST(reason_phrases, are_those_of_the_standard) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(421), "Misdirected Request");
  EXPECT_EQ(reason_phrase(422), "Unprocessable Content");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(502), "Bad Gateway");
  EXPECT_EQ(reason_phrase(507), "Insufficient Storage");
}

TEST(reason_phrases, of_codes_without_one_are_said_to_be_unknown) {
  for (const unsigned status : {0u, 99u, 104u, 306u, 418u, 430u, 599u, 600u, 1000u, ~0u})
    EXPECT_EQ(reason_phrase(status), "Unknown") << status;
}

TEST(reason_phrases, are_text_and_no_code_has_that_of_another) {
  std::map<std::string_view, unsigned> seen;
  for (unsigned status = 100; status < 600; ++status) {
    const auto phrase = reason_phrase(status);
    EXPECT_FALSE(phrase.empty()) << status;
    for (const char c : phrase)
      EXPECT_TRUE(c >= 0x20 && c < 0x7f) << status;
    if (phrase != "Unknown")
      EXPECT_TRUE(seen.emplace(phrase, status).second) << status << " and " << seen[phrase];
  }
}

} // namespace
} // namespace synapse::http
