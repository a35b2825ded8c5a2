#include "routing/model_choice.hpp"

#include <gtest/gtest.h>

#include <random>
#include <regex>

namespace synapse::routing {
namespace {

using config::model_choice_settings;

model_choice_settings with_rules(std::vector<config::model_rule> rules) {
  model_choice_settings settings;
  settings.general = "general";
  settings.rules = std::move(rules);
  return settings;
}

TEST(model_choice, an_empty_name_and_the_configured_ones_leave_the_choice_to_us) {
  const model_choice choice{model_choice_settings{}};
  for (const char* name : {"", "auto", "synapse:auto", "synapse-auto"})
    EXPECT_TRUE(choice.is_choice(name)) << name;
  for (const char* name : {"Auto", "auto ", "Qwen3-8B-Q4_K_M", "synapse"})
    EXPECT_FALSE(choice.is_choice(name)) << name;
  model_choice_settings other;
  other.names = {"any"};
  EXPECT_TRUE(model_choice{other}.is_choice("any"));
  EXPECT_FALSE(model_choice{other}.is_choice("auto"));
}

TEST(model_choice, each_default_word_picks_the_coder) {
  const model_choice_settings settings;
  const model_choice choice{settings};
  ASSERT_EQ(settings.rules.size(), 1U);
  ASSERT_EQ(settings.rules[0].words.size(), 28U);
  for (const auto& word : settings.rules[0].words) {
    EXPECT_EQ(choice.choose("about " + word + ", please"), settings.rules[0].model) << word;
    EXPECT_EQ(choice.choose("about x" + word + ", please"), settings.general) << word;
    EXPECT_EQ(choice.choose("about " + word + "x, please"), settings.general) << word;
  }
  EXPECT_EQ(choice.choose("What is the capital of France?"), settings.general);
  EXPECT_EQ(choice.choose(""), settings.general);
}

TEST(model_choice, words_are_whole_in_any_case_and_parts_stand_apart_by_any_white_space) {
  const model_choice choice{
      with_rules({{"code", {"Stack Trace", "go", "api", "C++", ".NET", "=>"}}})};
  const std::pair<const char*, bool> cases[] = {
      {"go", true},
      {"GO!", true},
      {"(Go)", true},
      {"let's go", true},
      {"good", false},
      {"ago", false},
      {"go_", false},
      {"go1", false},
      {"_go", false},
      {"g\xc3\xb6 go", true},
      {"go\xc3\xa4", false},
      {"\xc3\xa4go", false},
      {"an-api-key", true},
      {"apis", false},
      {"stack trace", true},
      {"STACK\n\t  TRACE", true},
      {"stack\r\ntrace.", true},
      {"stacktrace", false},
      {"stack-trace", false},
      {"stack traces", false},
      {"haystack trace", false},
      {"stack", false},
      {"stack ", false},
      {"stack stack trace", true},
      {"C++17", true},
      {"I like c++", true},
      {"c+", false},
      {"xc++", false},
      {"use .net now", true},
      {"asp.net", true},
      {"net", false},
      {"a => b", true},
      {"a = > b", false},
  };
  for (const auto& [text, hit] : cases)
    EXPECT_EQ(choice.choose(text), hit ? "code" : "general") << text;
}

TEST(model_choice, the_first_rule_that_fits_decides_wherever_its_word_stands) {
  const model_choice choice{with_rules(
      {{"first", {"red", "dark red"}}, {"second", {"blue", "red wine"}}, {"third", {"=>"}}})};
  EXPECT_EQ(choice.choose("blue and then red"), "first");
  EXPECT_EQ(choice.choose("red wine"), "first");
  EXPECT_EQ(choice.choose("=> blue"), "second");
  EXPECT_EQ(choice.choose("=>"), "third");
  EXPECT_EQ(choice.choose("green"), "general");
}

TEST(model_choice, no_rules_and_empty_words_pick_the_general_model) {
  EXPECT_EQ(model_choice{with_rules({})}.choose("code"), "general");
  EXPECT_EQ(model_choice{with_rules({{"x", {"", "  "}}})}.choose("code  x"), "general");
}

TEST(model_choice, agrees_with_a_regular_expression_on_random_texts) {
  const model_choice choice{with_rules({{"one", {"ab", "a b", "b a b"}}, {"two", {"ba", "a_"}}})};
  const std::regex one{R"((^|[^a-z_])(ab|a\s+b|b\s+a\s+b)($|[^a-z_]))", std::regex::icase};
  const std::regex two{R"((^|[^a-z_])(ba|a_)($|[^a-z_]))", std::regex::icase};
  std::mt19937 random{20260203};
  std::size_t hits = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto length = random() % 12; length > 0; --length)
      text += "aAbB_ \n-"[random() % 8];
    const char* expected = std::regex_search(text, one)   ? "one"
                           : std::regex_search(text, two) ? "two"
                                                          : "general";
    ASSERT_EQ(choice.choose(text), expected) << testing::PrintToString(text);
    hits += std::string_view{expected} == "general" ? 0 : 1;
  }
  EXPECT_GT(hits, 2'000U);
}

TEST(model_choice, a_thousand_words_and_megabytes_of_text_are_one_pass) {
  config::model_rule rule{"code", {}};
  for (int i = 0; i < 1000; ++i)
    rule.words.push_back("word" + std::to_string(i));
  const model_choice choice{with_rules({rule})};
  std::string text;
  while (text.size() < 4'000'000)
    text += "lorem ipsum word_1 dolor ";
  EXPECT_EQ(choice.choose(text), "general");
  EXPECT_EQ(choice.choose(text + "WORD999"), "code");
}

} // namespace
} // namespace synapse::routing
