#include "http/dialects/base64.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace synapse::http::detail {
namespace {

TEST(base64, what_is_written_is_read_again) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    std::string text, again;
    append_base64(text, bytes);
    ASSERT_EQ(text.size(), (bytes.size() + 2) / 3 * 4);
    ASSERT_TRUE(append_decoded(again, text));
    ASSERT_EQ(again, bytes);
    bytes += static_cast<char>(255 - i);
  }
}

TEST(base64, has_the_letters_of_rfc_4648) {
  for (const auto& [bytes, text] : {std::pair{"f", "Zg=="}, std::pair{"fo", "Zm8="},
                                    std::pair{"foo", "Zm9v"}, std::pair{"\xff\xef\xbe", "/+++"}}) {
    std::string out = "x";
    append_base64(out, bytes);
    EXPECT_EQ(out, std::string{"x"} + text);
  }
}

TEST(base64, of_another_form_is_refused_and_nothing_is_appended) {
  for (const auto* bad :
       {"Zg", "Zg=", "=", "====", "Z===", "Zm9vZ", "Zm 9", "Zm\n9v", "Zm-_", "é="}) {
    std::string out = "x";
    EXPECT_FALSE(append_decoded(out, bad)) << bad;
    EXPECT_EQ(out, "x") << bad;
  }
}

} // namespace
} // namespace synapse::http::detail
