#include "routing/failure/error_words.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace synapse::routing {
namespace {

bool about(std::string_view text, error_topic topic) {
  return error_words(text).are_about(topic);
}

TEST(error_words, are_found_in_any_case_and_spacing) {
  EXPECT_TRUE(about("CUDA Out \t  Of Memory!", error_topic::out_of_memory));
  EXPECT_TRUE(about("server  busy", error_topic::busy));
  EXPECT_FALSE(about("out of mem ory", error_topic::out_of_memory));
}

TEST(error_words, are_found_behind_escapes) {
  EXPECT_TRUE(about(R"(longer than the model\u0027s context length)", error_topic::context));
  EXPECT_TRUE(about(R"(longer than the model\\\\u0027s context length)", error_topic::context));
  EXPECT_TRUE(about(R"(longer than the\nmodel's context length)", error_topic::context));
  EXPECT_TRUE(about(R"({\\\"detail\\\":\\\"Not Found\\\"})", error_topic::route_missing));
}

TEST(error_words, escapes_that_are_not_ascii_are_no_letters) {
  EXPECT_TRUE(about(R"(server bus\u0079)", error_topic::busy));
  EXPECT_FALSE(about(R"(server bus\u0179)", error_topic::busy));
}

TEST(error_words, that_stand_alone_are_not_found_within_a_sentence) {
  EXPECT_TRUE(about("Not Found", error_topic::route_missing));
  EXPECT_TRUE(about("Not Found\n", error_topic::route_missing));
  EXPECT_TRUE(about("this was not found\n404\nNot Found", error_topic::route_missing));
  EXPECT_FALSE(about("It was not found", error_topic::route_missing));
}

TEST(error_words, of_two_parts_need_both_in_their_order) {
  EXPECT_TRUE(about("model 'x' not found", error_topic::model_missing));
  EXPECT_FALSE(about("not found: model 'x'", error_topic::model_missing));
  EXPECT_FALSE(about("model 'x'", error_topic::model_missing));
}

TEST(error_words, are_about_nothing_when_there_are_none) {
  const error_words none("");
  EXPECT_TRUE(none.empty());
  EXPECT_TRUE(error_words(" \n ").empty());
  for (int topic = 0; topic <= static_cast<int>(error_topic::count_); ++topic)
    EXPECT_FALSE(none.are_about(static_cast<error_topic>(topic)));
}

TEST(error_words, beyond_the_limit_are_not_looked_at) {
  const std::string_view words = "out of memory";
  const std::string within = std::string(error_words::limit - words.size(), '.');
  EXPECT_TRUE(about(within + std::string(words), error_topic::out_of_memory));
  EXPECT_FALSE(about(within + "." + std::string(words), error_topic::out_of_memory));
}

TEST(error_words, survive_any_bytes) {
  std::mt19937 chance(3);
  constexpr std::string_view pieces[] = {"\\", "\\u", "\\u00",  "\\u0027",   "\\n", "\"",
                                         "\n", " ",   "model ", "not found", "a",   "\xff"};
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    for (auto left = chance() % 60; left > 0; --left)
      text += pieces[chance() % std::size(pieces)];
    if (chance() % 50 == 0)
      text += std::string(2 * error_words::limit, static_cast<char>(chance() % 256));
    const error_words words(text);
    for (int topic = 0; topic < static_cast<int>(error_topic::count_); ++topic)
      (void)words.are_about(static_cast<error_topic>(topic));
    EXPECT_LE(words.empty() ? 0U : 1U, text.size());
  }
}

} // namespace
} // namespace synapse::routing
