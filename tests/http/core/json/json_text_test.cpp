#include "http/core/json/json_body.hpp"
#include "http/core/json/json_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace synapse::http {
namespace {

/// Objects in each other, the innermost empty.
std::string deep_object(std::size_t depth) {
  std::string text;
  for (std::size_t i = 1; i < depth; ++i)
    text += "{\"a\":";
  return text + "{}" + std::string(depth - 1, '}');
}

TEST(json_text, keeps_members_in_their_order) {
  const std::string text = R"({"z":1,"a":[true,null,"x"],"m":{"y":2.5,"b":-3}})";
  EXPECT_EQ(dump(parse_json(text)), text);
}

TEST(json_text, what_is_no_object_is_null) {
  for (const auto* text : {"", "   ", "{", "[1]", "7", "\"text\"", "null", "{\"a\":}", "{} x",
                           "{\"a\":\"\xff\"}", "{\"a\":1e999}"})
    EXPECT_TRUE(parse_json(text).is_null()) << text;
  EXPECT_TRUE(parse_json("{}").is_object());
}

TEST(json_text, what_is_nested_deeper_than_anybody_would_is_null) {
  EXPECT_TRUE(parse_json(deep_object(json_max_depth)).is_object());
  EXPECT_TRUE(parse_json(deep_object(json_max_depth + 1)).is_null());
  EXPECT_TRUE(parse_json(deep_object(100'000)).is_null()) << "and the stack has not been used up";
}

TEST(json_text, bytes_that_are_no_text_are_replaced) {
  nlohmann::ordered_json value;
  value["a"] = "x\xffy";
  EXPECT_EQ(dump(value), "{\"a\":\"x\xEF\xBF\xBDy\"}");
}

} // namespace
} // namespace synapse::http
