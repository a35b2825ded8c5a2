#include "http/dialects/pyannote/speakers.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>

namespace synapse::http::pyannote {
namespace {

TEST(pyannote, is_told_the_numbers_that_are_given) {
  EXPECT_EQ(fields_of({}), form_fields{});
  EXPECT_EQ(fields_of({"2", "", ""}), (form_fields{{"num_speakers", "2"}}));
  EXPECT_EQ(fields_of({"", "1", "3"}), (form_fields{{"min_speakers", "1"}, {"max_speakers", "3"}}));
}

TEST(pyannote, has_its_answers_passed_on_whole_or_not_at_all) {
  const std::string_view text = R"( {"segments":[]} )";
  for (const std::size_t piece : {1, 100}) {
    const auto answer = make_answer();
    const auto said = translate(*answer, "Content-Type: application/json\r\n", text, piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_EQ(said.text, text);
    EXPECT_EQ(answer->client_head().content_type, "application/json");
  }
  const auto half = make_answer();
  const auto said = translate(*half, "", R"({"segments":[)");
  EXPECT_EQ(said.text, "");
  EXPECT_EQ(said.problem, R"(its answer is no JSON object: {"segments":[)");
  const auto packed = make_answer();
  EXPECT_EQ(translate(*packed, "Content-Encoding: gzip\r\n", "").problem,
            "its answer is compressed, unasked");
}

} // namespace
} // namespace synapse::http::pyannote
