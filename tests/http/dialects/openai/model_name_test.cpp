#include "http/dialects/openai/model_name.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace synapse::http::openai {
namespace {

std::string renamed(std::string_view text) {
  std::string out;
  append_renamed(out, text, R"("served")", R"("asked")");
  return out;
}

TEST(model_name, is_replaced_wherever_it_is_a_member) {
  EXPECT_EQ(renamed(R"({"model":"served","x":1})"), R"({"model":"asked","x":1})");
  EXPECT_EQ(renamed("{\"model\" :\n \"served\"}"), "{\"model\" :\n \"asked\"}");
  EXPECT_EQ(renamed("data: {\"model\":\"served\"}\n\ndata: {\"model\":\"served\"}\n\n"),
            "data: {\"model\":\"asked\"}\n\ndata: {\"model\":\"asked\"}\n\n");
}

TEST(model_name, stays_what_it_is_in_texts_and_of_other_models) {
  for (const std::string_view same :
       {R"({"model":"served-2"})", R"({"content":"\"model\":\"served\""})", R"({"a":"model"})",
        R"(["model","served"])", R"({"model":1})", R"("model")", R"("model":)", "", "{"})
    EXPECT_EQ(renamed(same), same);
}

/// As a relay does it, with pieces that end before these offsets.
std::string renamed_in_pieces(std::string_view text, std::size_t piece, std::size_t& most_held) {
  std::string out;
  std::string held;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    held.append(text.substr(at, piece));
    const auto settled = rename_in_place(held, R"("served")", R"("asked for")");
    out.append(held, 0, settled);
    held.erase(0, settled);
    most_held = std::max(most_held, held.size());
  }
  return out + held;
}

TEST(model_name, is_replaced_in_a_text_that_comes_in_pieces_however_they_are_cut) {
  const std::string text = R"({"model":"served","a":"\"model\":\"served\"","b":["model"],)"
                           R"( "c\\":{"model" : "served-2"},"mode":"l","model")"
                           "\n\t: "
                           R"("served","model":"serve","x":"\\","model":"served"})";
  std::string expected;
  append_renamed(expected, text, R"("served")", R"("asked for")");
  ASSERT_NE(expected, text);
  std::size_t most_held = 0;
  for (std::size_t piece = 1; piece <= text.size(); ++piece)
    ASSERT_EQ(renamed_in_pieces(text, piece, most_held), expected) << piece;
  EXPECT_LE(most_held, 32U);
}

TEST(model_name, a_text_that_only_begins_like_one_is_not_held_for_long) {
  std::size_t most_held = 0;
  const auto text = R"({"model")" + std::string(100'000, ' ') + R"(:"served","x":1)";
  EXPECT_EQ(renamed_in_pieces(text, 7, most_held), text) << "nobody writes like that";
  EXPECT_LT(most_held, 100U);
  std::string numbers = "[0.1,0.2,";
  EXPECT_EQ(rename_in_place(numbers, R"("served")", R"("asked")"), numbers.size());
  for (const std::string_view begun :
       {"\"", "\"mod", "\"model\"", "\"model\" :", "\"model\":\"ser", "\\"}) {
    auto cut = "[1]" + std::string{begun};
    EXPECT_EQ(rename_in_place(cut, R"("served")", R"("asked")"), 3U) << begun;
  }
}

} // namespace
} // namespace synapse::http::openai
