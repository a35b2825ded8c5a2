#include "http/dialects/ollama/client/same_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>

namespace synapse::http::ollama::client {
namespace {

const std::string line = R"({"message":{"role":"assistant","content":"H"},"done":false,"x":1.0})"
                         "\n";
const std::string last = R"({"message":{"role":"assistant","content":""},"done":true,)"
                         R"("prompt_eval_count":7,"eval_count":2})"
                         "\n";

translated same(std::string_view body, std::size_t piece = std::string_view::npos) {
  same_lines translator{answer_kind::chat, 4096};
  return translate(translator, "Content-Type: application/x-ndjson\r\n", body, piece);
}

TEST(same_lines, go_on_as_they_are_however_they_come) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
    const auto made = same(line + "\n" + last, piece);
    EXPECT_EQ(made.problem, "");
    EXPECT_TRUE(made.ended);
    EXPECT_EQ(made.text, line + last);
  }
  same_lines counted{answer_kind::chat, 4096};
  translate(counted, "", line + last);
  EXPECT_EQ(counted.prompt_tokens(), 7);
  EXPECT_EQ(counted.completion_tokens(), 2);
}

TEST(same_lines, may_lack_the_last_break) {
  const auto made = same(line + last.substr(0, last.size() - 1));
  EXPECT_EQ(made.problem, "");
  EXPECT_EQ(made.text, line + last);
}

TEST(same_lines, have_no_good_end_when_they_are_cut) {
  const auto all = line + last;
  for (std::size_t cut = 0; cut + 1 < all.size(); ++cut) {
    const auto made = same(std::string_view{all}.substr(0, cut));
    EXPECT_NE(made.problem, "") << cut;
    EXPECT_EQ(made.text.find("\"done\":true"), std::string::npos) << cut;
  }
}

TEST(same_lines, are_none_when_they_report_an_error) {
  same_lines translator{answer_kind::chat, 4096};
  const auto made = translate(translator, "", line + "{\"error\":\"no memory\"}\n");
  EXPECT_EQ(made.problem, "no memory");
  EXPECT_EQ(made.text, line);
  EXPECT_TRUE(translator.reported());
}

TEST(same_lines, are_bounded) {
  EXPECT_NE(same(std::string(5000, 'x')).problem, "");
  EXPECT_NE(same("no json\n").problem, "");
}

TEST(same_object, goes_on_as_it_is) {
  const std::string text = R"({"response":"x","done":true,"prompt_eval_count":3,"new":1.0})";
  same_object translator{answer_kind::completion};
  const auto made = translate(translator, "", text);
  EXPECT_EQ(made.text, text);
  EXPECT_EQ(translator.prompt_tokens(), 3);
  same_object vectors{std::nullopt};
  EXPECT_EQ(translate(vectors, "", R"({"embeddings":[[1.0]]})").text, R"({"embeddings":[[1.0]]})");
}

TEST(same_object, is_none_when_it_is_an_error_or_not_done) {
  for (const std::string_view text :
       {R"({"error":"no"})", R"({"response":"x","done":false})", "{", ""}) {
    same_object translator{answer_kind::completion};
    const auto made = translate(translator, "", text);
    EXPECT_NE(made.problem, "") << text;
    EXPECT_EQ(made.text, "");
  }
}

} // namespace
} // namespace synapse::http::ollama::client
