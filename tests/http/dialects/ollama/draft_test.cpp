#include "http/dialects/ollama/draft.hpp"

#include <gtest/gtest.h>

namespace synapse::http::ollama {
namespace {

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
