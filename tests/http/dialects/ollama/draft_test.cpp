#include "http/dialects/ollama/draft.hpp"

#include <gtest/gtest.h>

namespace synapse::http::ollama {
namespace {

TEST(ollama_draft, tells_numbers_from_other_values_however_they_are_spelled) {
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

TEST(ollama_draft, nothing_is_said_by_what_is_empty) {
  for (const auto* nothing : {"", "null", "false", "\"\"", "[]", "{}", "[ \n]", "{ }"})
    EXPECT_FALSE(is_said(nothing)) << nothing;
  for (const auto* something : {"0", "true", "\" \"", "[0]", "{\"a\":1}", "[ []]"})
    EXPECT_TRUE(is_said(something)) << something;
}

TEST(ollama_draft, the_last_of_repeated_members_counts_and_names_may_be_escaped) {
  const draft made{R"({"seed":1,"s\u0065ed":2,"stop":"a","stop":null})", {}};
  EXPECT_EQ(made[member::seed], "2");
  EXPECT_EQ(made[member::stop], "");
  EXPECT_EQ(value_in(R"({"a":1,"\u0061":[2],"b":3})", "a"), "[2]");
  EXPECT_EQ(value_in(R"([{"a":1}])", "a"), "");
}

TEST(ollama_draft, every_member_is_found_under_its_own_name) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(member::count_); ++i) {
    const auto which = static_cast<member>(i);
    const auto body = "{\"" + std::string{to_string(which)} + "\":17}";
    EXPECT_EQ((draft{body, {}}[which]), "17") << body;
  }
}

TEST(ollama_draft, the_first_refusal_is_told) {
  draft made{"{}", {}};
  EXPECT_FALSE(made.refuse(member::seed, "one"));
  EXPECT_FALSE(made.refuse("other", "two"));
  const auto result = made.finish("/api/chat");
  ASSERT_TRUE(std::holds_alternative<unfit>(result));
  EXPECT_EQ(std::get<unfit>(result).field, "seed");
  EXPECT_EQ(std::get<unfit>(result).message, "one");
}

} // namespace
} // namespace synapse::http::ollama
