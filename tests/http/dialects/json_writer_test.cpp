#include "http/dialects/json_writer.hpp"

#include <gtest/gtest.h>

#include <array>

namespace synapse::http::detail {
namespace {

TEST(json_writer, a_value_in_one_line_says_the_same) {
  std::string out = "x";
  append_in_one_line(out, "{\r\n\"a\":\t\"b\\n\"\n}\n");
  EXPECT_EQ(out, "x{  \"a\":\t\"b\\n\" } ");
  out.clear();
  append_or_null(out, {});
  append_or_null(out, "[\n]");
  EXPECT_EQ(out, "null[ ]");
}

TEST(json_writer, an_object_has_its_members_in_order) {
  EXPECT_EQ(object_writer{}.finish(), "{}");
  object_writer to;
  to.add("a") += "1";
  to.add("b") += "[]";
  EXPECT_EQ(to.finish(), R"({"a":1,"b":[]})");
}

TEST(json_writer, members_that_are_not_wanted_are_told_of) {
  std::string_view a;
  std::string others;
  find_members(R"({"a":1,"b":[2],"\u0061":"3","c":null})", std::array{named_value{"a", &a}},
               [&](std::string_view name, std::string_view value) { (others += name) += value; });
  EXPECT_EQ(a, "\"3\"");
  EXPECT_EQ(others, R"("b"[2]"c"null)");
}

TEST(json_writer, a_string_is_what_its_escapes_say) {
  EXPECT_EQ(unquoted(R"("a\"\u00e4\ud83d\ude00\n")"), "a\"ä😀\n");
  EXPECT_EQ(unquoted(""), "");
}

} // namespace
} // namespace synapse::http::detail
