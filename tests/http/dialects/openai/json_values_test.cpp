#include "http/dialects/openai/json_values.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace synapse::http::detail {
namespace {

TEST(json_values, tells_numbers_from_other_values_however_they_are_spelled) {
  EXPECT_EQ(integer_of("256"), 256);
  EXPECT_EQ(integer_of("256.0"), 256);
  EXPECT_EQ(integer_of("2.56e2"), 256);
  EXPECT_EQ(integer_of("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const auto* none :
       {"", "0.5", "9223372036854775808", "1e300", "1e400", "\"1\"", "true", "[1]"})
    EXPECT_EQ(integer_of(none), std::nullopt) << none;
  EXPECT_EQ(number_of("-0.5e1"), -5.0);
  for (const auto* none : {"", "1e400", "\"1\"", "null", "{}", "nan", "inf"})
    EXPECT_EQ(number_of(none), std::nullopt) << none;
}

TEST(json_values, nothing_is_said_by_what_is_empty) {
  for (const auto* nothing : {"", "null", "false", "\"\"", "[]", "{}", "[ \n]", "{ }"})
    EXPECT_FALSE(is_said(nothing)) << nothing;
  for (const auto* something : {"0", "true", "\" \"", "[0]", "{\"a\":1}", "[ []]"})
    EXPECT_TRUE(is_said(something)) << something;
}

TEST(json_values, base64_is_whole_or_none) {
  for (const auto* good : {"QQ==", "QUI=", "QUJD", "+/+/"})
    EXPECT_TRUE(is_base64(good)) << good;
  for (const auto* bad : {"", "Q", "QQ", "QQ=", "Q===", "====", "QU=D", "QU-_", "QU D", "QQ==QQ=="})
    EXPECT_FALSE(is_base64(bad)) << bad;
}

TEST(json_values, a_data_url_is_an_image_or_of_no_named_type) {
  const auto png = image_in("data:image/png;base64,QUJD");
  EXPECT_EQ(png.type, "image/png");
  EXPECT_EQ(png.data, "QUJD");
  EXPECT_EQ(image_in("DATA:IMAGE/PNG;Base64,QQ==").data, "QQ==");
  EXPECT_EQ(image_in("data:;base64,QQ==").data, "QQ==");
  for (const auto* none :
       {"", "data:", "data:,", "data:image/png,QQ==", "data:text/plain;base64,QQ==",
        "image/png;base64,QQ==", "data:base64,", "http://a/b;base64,QQ=="})
    EXPECT_EQ(image_in(none).data, "") << none;
  EXPECT_TRUE(is_web_url("HTTPS://a"));
  EXPECT_TRUE(is_web_url("http://a"));
  EXPECT_FALSE(is_web_url("httpx://a"));
  EXPECT_FALSE(is_web_url("ftp://a"));
}

} // namespace
} // namespace synapse::http::detail
