#include "http/dialects/anthropic/same_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>

namespace synapse::http::anthropic {
namespace {

const std::string same_head = "Content-Type: text/event-stream\r\n";

std::string same_event(std::string_view type, std::string_view more = "") {
  return "event: " + std::string{type} + "\ndata: {\"type\":\"" + std::string{type} + "\"" +
         std::string{more} + "}\n\n";
}
const std::string start =
    same_event("message_start", R"(,"message":{"usage":{"input_tokens":9}},"new":[1.0])");
const std::string text =
    same_event("content_block_delta", R"(,"delta":{"type":"text_delta","text":"H\u00e4"})");
const std::string stop =
    same_event("message_delta", R"(,"usage":{"output_tokens":2})") + same_event("message_stop");
const std::string error =
    same_event("error", R"(,"error":{"type":"overloaded_error","message":"Overloaded"})");

translated same(std::string_view body, std::size_t piece = std::string_view::npos) {
  same_events translator{4096};
  return translate(translator, same_head, body, piece);
}

TEST(anthropic_same_events, go_on_as_they_are_however_they_come) {
  const auto all = ": hello\n\n" + start + same_event("ping") + text + same_event("ping") + stop;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
    const auto made = same(all, piece);
    EXPECT_EQ(made.problem, "");
    EXPECT_TRUE(made.ended);
    EXPECT_EQ(made.text, all);
  }
  same_events counted{4096};
  translate(counted, same_head, all);
  EXPECT_EQ(counted.prompt_tokens(), 9);
  EXPECT_EQ(counted.completion_tokens(), 2);
}

TEST(anthropic_same_events, wait_until_one_says_something) {
  same_events translator{4096};
  std::string out;
  translator.take(start + same_event("ping"), out);
  EXPECT_EQ(out, "");
  translator.take(text, out);
  EXPECT_EQ(out, start + same_event("ping") + text);
}

TEST(anthropic_same_events, are_none_when_they_report_an_error) {
  same_events translator{4096};
  const auto early = translate(translator, same_head, start + error);
  EXPECT_EQ(early.problem, "Overloaded");
  EXPECT_EQ(early.text, "");
  ASSERT_TRUE(translator.reported());
  EXPECT_EQ(translator.reported()->status, 529U);
  EXPECT_NE(translator.reported()->body.find(R"("message":"Overloaded")"), std::string::npos);
  const auto late = same(start + text + error);
  EXPECT_EQ(late.problem, "Overloaded");
  EXPECT_EQ(late.text, start + text);
}

TEST(anthropic_same_events, have_no_good_end_when_they_are_cut) {
  const auto all = start + text + stop;
  for (std::size_t cut = 0; cut + 2 < all.size(); ++cut) {
    const auto made = same(std::string_view{all}.substr(0, cut));
    EXPECT_NE(made.problem, "") << cut;
    EXPECT_EQ(made.text.find("message_stop"), std::string::npos) << cut;
  }
}

TEST(anthropic_same_events, are_bounded_and_of_their_kind) {
  EXPECT_NE(same("data: " + std::string(5000, 'x')).problem, "");
  EXPECT_NE(same("data: no json\n\n").problem, "");
  same_events translator{4096};
  EXPECT_NE(translate(translator, "Content-Type: application/json\r\n", "{}").problem, "");
}

TEST(anthropic_same_message, goes_on_as_it_is) {
  const std::string body =
      R"({"type":"message","content":[],"usage":{"input_tokens":9,"output_tokens":2},"new":1.0})";
  same_message translator;
  EXPECT_EQ(translate(translator, "", body).text, body);
  EXPECT_EQ(translator.prompt_tokens(), 9);
}

TEST(anthropic_same_message, is_none_when_it_is_something_else) {
  for (const std::string_view body :
       {R"({"type":"error","error":{"type":"api_error","message":"no"}})", "{}", "[]", "x", ""}) {
    same_message translator;
    const auto made = translate(translator, "", body);
    EXPECT_NE(made.problem, "") << body;
    EXPECT_EQ(made.text, "");
  }
}

} // namespace
} // namespace synapse::http::anthropic
