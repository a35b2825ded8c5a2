#include "config/text/near_names.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

using names = std::vector<std::string>;

names near(std::string_view name, std::vector<std::string_view> candidates) {
  return nearest_names(name, candidates);
}

TEST(near_names, finds_slips_and_other_spellings) {
  EXPECT_EQ(near("lama3.1:8b", {"qwen3:8b", "llama3.1:8b"}), names{"llama3.1:8b"});
  EXPECT_EQ(near("Llama-3.1-8B", {"mistral", "llama3.1:8b"}), names{"llama3.1:8b"});
  EXPECT_EQ(near("/v1/chat/completion", {"/v1/models", "/v1/chat/completions"}),
            names{"/v1/chat/completions"});
}

TEST(near_names, finds_parts_of_longer_names_and_longer_names_of_parts) {
  EXPECT_EQ(near("qwen3", {"gemma3:4b", "org/Qwen3-8B-GGUF"}), names{"org/Qwen3-8B-GGUF"});
  EXPECT_EQ(near("ollama/qwen3:8b", {"gemma3:4b", "qwen3:8b"}), names{"qwen3:8b"});
  EXPECT_EQ(near("/chat/completions", {"/v1/chat/completions"}), names{"/v1/chat/completions"});
}

TEST(near_names, finds_names_that_begin_alike) {
  EXPECT_EQ(near("mistral-small-3.2", {"mistral-nemo", "magistral"}), names{"mistral-nemo"});
}

TEST(near_names, gives_the_nearest_first_and_not_more_than_asked_for) {
  const std::vector<std::string_view> known{"gemma3:27b", "gemma3:12b", "gemma3:1b", "gemma3:4b",
                                            "phi4"};
  EXPECT_EQ(near("gemma3:1", known), (names{"gemma3:1b", "gemma3:12b", "gemma3:4b"}));
  EXPECT_EQ(nearest_names("gemma3:1", known, 1), names{"gemma3:1b"});
}

TEST(near_names, gives_none_where_none_is_near) {
  EXPECT_EQ(near("gpt-4o", {"qwen3:8b", "llama3.1:8b", "phi4"}), names{});
  EXPECT_EQ(near("", {"a", "b"}), names{});
  EXPECT_EQ(near("::/", {"a", "b"}), names{});
  EXPECT_EQ(near("model", {}), names{});
}

TEST(near_names, compares_long_and_many_names_by_their_beginnings_only) {
  const std::string endless(1'000'000, 'c');
  const std::vector<std::string_view> many(100'000, endless);
  EXPECT_EQ(nearest_names(endless, many).size(), 3u);
}

TEST(near_names, are_joined_as_people_do) {
  EXPECT_EQ(did_you_mean({}), "");
  EXPECT_EQ(did_you_mean(names{"a"}), " Did you mean \"a\"?");
  EXPECT_EQ(did_you_mean(names{"a", "b"}), " Did you mean \"a\" or \"b\"?");
  EXPECT_EQ(did_you_mean(names{"a", "b", "c"}), " Did you mean \"a\", \"b\" or \"c\"?");
}

} // namespace
} // namespace synapse::config
