#include "http/dialects/chained_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace synapse::http {
namespace {

/// Doubles letters, ends at `.`, cannot stand `!`.
class doubling final : public answer_translator {
public:
  explicit doubling(char mark) : mark_(mark) {}
  progress begin(const response_head& /*answer*/) override {
    ++begun;
    return progress::more;
  }
  progress take(std::string_view bytes, std::string& out) override {
    for (const char c : bytes) {
      if (c == '!')
        return refuse(std::string{mark_} + " cannot stand that");
      if (c == '.')
        return progress::ended;
      out.append({c, mark_});
    }
    return progress::more;
  }
  progress finish(std::string& out) override {
    out += mark_;
    ++finished;
    return progress::more;
  }
  head client_head() const override {
    head result;
    result.content_type = std::string_view{&mark_, 1};
    result.fields = std::string{"X-"} + mark_ + ": 1\r\n";
    result.same_length = true;
    return result;
  }
  void broken(std::string& out, response_detail /*detail*/, std::string_view message) override {
    out.append(1, mark_).append(message);
  }
  std::optional<told_error> reported() const override { return told; }
  std::int64_t prompt_tokens() const noexcept override { return mark_; }

  int begun = 0;
  int finished = 0;
  std::optional<told_error> told;

private:
  char mark_;
};

struct chain {
  doubling first{'1'};
  doubling second{'2'};
  chained_answer both{first, second};
};

TEST(chained_answer, is_one_after_the_other) {
  chain bed;
  const auto done = translate(bed.both, "", "ab");
  EXPECT_EQ(done.text, "a212b21212"
                       "2")
      << "a1b1, then its end 1, each doubled, and an end";
  EXPECT_EQ(done.problem, "");
  EXPECT_EQ(bed.first.begun, 1);
  EXPECT_EQ(bed.second.begun, 0);
  EXPECT_EQ(bed.second.finished, 1);
}

TEST(chained_answer, ends_where_the_first_ends) {
  chain bed;
  const auto done = translate(bed.both, "", "a.b");
  EXPECT_TRUE(done.ended);
  EXPECT_EQ(done.text, "a2122");
  EXPECT_EQ(bed.second.finished, 1);
}

TEST(chained_answer, is_bad_where_one_is_and_keeps_what_was_good) {
  chain bed;
  const auto done = translate(bed.both, "", "a!b");
  EXPECT_EQ(done.problem, "1 cannot stand that");
  EXPECT_EQ(done.text, "a212");
  EXPECT_EQ(bed.second.finished, 0);
}

TEST(chained_answer, has_the_second_s_form_and_the_first_s_warnings) {
  chain bed;
  EXPECT_EQ(bed.both.client_head().content_type, "2");
  EXPECT_EQ(bed.both.client_head().fields, "X-2: 1\r\nX-1: 1\r\n");
  EXPECT_FALSE(bed.both.client_head().same_length);
  EXPECT_EQ(bed.both.prompt_tokens(), '1') << "who asked the backend knows";
  std::string out;
  bed.both.broken(out, response_detail::stream_truncated, "why");
  EXPECT_EQ(out, "2why");
  EXPECT_FALSE(bed.both.reported());
  bed.second.told = told_error{500, "second"};
  EXPECT_EQ(bed.both.reported()->body, "second");
  bed.first.told = told_error{503, "first"};
  EXPECT_EQ(bed.both.reported()->body, "first");
}

} // namespace
} // namespace synapse::http
