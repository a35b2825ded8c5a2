#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/answer_form.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <utility>

namespace synapse::http {

void PrintTo(answer_form form, std::ostream* out) {
  constexpr const char* names[] = {"unknown", "json", "events", "other"};
  *out << names[static_cast<std::size_t>(form)];
}

namespace {

TEST(answer_form, is_told_by_the_first_bytes) {
  const std::pair<std::string_view, answer_form> all[] = {
      {"", answer_form::unknown},
      {" \r\n\t", answer_form::unknown},
      {"\xEF\xBB", answer_form::unknown},
      {"{", answer_form::json},
      {"\n [1]", answer_form::json},
      {"\xEF\xBB\xBF{}", answer_form::json},
      {"data: {}", answer_form::events},
      {"data:{}", answer_form::events},
      {"\r\n\r\ndata: x", answer_form::events},
      {": ping\n\n", answer_form::events},
      {"event: error\n", answer_form::events},
      {"id: 1\n", answer_form::events},
      {"retry: 3\n", answer_form::events},
      {"dat", answer_form::unknown},
      {"retry", answer_form::unknown},
      {"datum", answer_form::other},
      {"<!doctype html>", answer_form::other},
      {"proxy error: x", answer_form::other},
      {"\"text\"", answer_form::other},
      {"\xEFx", answer_form::other},
      {"\x1f\x8b", answer_form::other},
  };
  for (const auto& [text, form] : all)
    EXPECT_EQ(form_of(text), form) << text;
}

TEST(answer_form, once_known_stays) {
  for (const std::string_view text : {"\n data: {}\n\n", "event: x\ndata: y\n\n", " {\"a\":1}",
                                      "<html>", "\xEF\xBB\xBF\r\n[1]", "idea"}) {
    auto before = answer_form::unknown;
    for (std::size_t size = 0; size <= text.size(); ++size) {
      const auto now = form_of(text.substr(0, size));
      if (before != answer_form::unknown) {
        EXPECT_EQ(now, before) << text << " after " << size;
      }
      before = now;
    }
    EXPECT_NE(before, answer_form::unknown) << text;
  }
}

const std::string_view json_documents[] = {
    R"({})",
    R"([])",
    R"( { "a" : [ 1 , { "b" : "}]\"" } ] , "c" : null } )",
    R"({"choices":[{"message":{"content":"a { b [ c \\"}}],"usage":{"n":-1.5e3}})",
    R"([[[1],[2]],{"x":"\u005d"}])",
    R"({"data":[{"embedding":[0.1,-2,3e-4],"index":0}],"object":"list"})",
    R"({"error":{"message":"m","code":500}})",
    "{\"long\":\"0123456789abcdef0123456789abcdef0123456789abcdef\",\"k\":[\"0123456789abcdef\"]}",
};

json_follower followed(std::string_view text, std::size_t cut = 0) {
  json_follower it;
  it.feed(text.substr(0, cut));
  it.feed(text.substr(cut));
  return it;
}

TEST(json_follower, knows_a_whole_document_from_each_of_its_beginnings) {
  for (const auto text : json_documents) {
    const auto end = text.find_last_not_of(' ') + 1;
    for (std::size_t size = 0; size <= text.size(); ++size)
      for (std::size_t cut = 0; cut <= size; ++cut)
        ASSERT_EQ(followed(text.substr(0, size), cut).whole(), size >= end)
            << text.substr(0, size) << " cut at " << cut;
  }
}

TEST(json_follower, takes_white_space_around_and_nothing_else) {
  for (const auto text : json_documents) {
    EXPECT_TRUE(followed("\r\n\t " + std::string{text} + "\n\n").whole()) << text;
    EXPECT_TRUE(followed("\xEF\xBB\xBF" + std::string{text}).whole()) << text;
    EXPECT_FALSE(followed(std::string{text} + "x").whole()) << text;
    EXPECT_FALSE(followed(std::string{text} + "{}").whole()) << "two documents";
    EXPECT_FALSE(followed("x" + std::string{text}).whole()) << text;
  }
  for (const std::string_view none : {"", " \n", "\xEF\xBB\xBF"})
    EXPECT_TRUE(followed(none).empty());
  EXPECT_FALSE(followed("<").empty());
  EXPECT_FALSE(followed("{").empty());
}

TEST(json_follower, finds_errors_in_place_of_an_answer) {
  const std::pair<std::string_view, bool> all[] = {
      {R"({"error":{"message":"m"}})", true},
      {R"({ "error" : { } })", true},
      {R"({"error":"m"})", true},
      {R"({"id":7,"error":["m"]})", true},
      {R"({"error":true})", true},
      {R"({"object":"error","message":"too long","code":400})", true},
      {R"({"error":null,"choices":[]})", false},
      {R"({"error":false})", false},
      {R"({"error":""})", false},
      {R"({"error":null})", false},
      {R"({"error":{"message":"m"},"choices":[{"text":"x"}]})", false},
      {R"({"choices":[{"text":"x"}],"error":{"message":"m"}})", false},
      {R"({"data":[],"error":"m"})", false},
      {R"({"choices":[{"error":{"message":"m"}}]})", false},
      {R"({"x":{"error":"m"}})", false},
      {R"({"x":"error"})", false},
      {R"({"x":"\"error\":1"})", false},
      {R"({"errors":"m"})", false},
      {R"({"object":"list"})", false},
      {R"({"object":"error_list"})", false},
      {R"([{"error":"m"}])", false},
      {R"({"a":1,"b":"error","c":{"d":"error"}})", false},
  };
  for (const auto& [text, is_error] : all)
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      const auto it = followed(text, cut);
      ASSERT_EQ(it.reports_error(), is_error) << text << " cut at " << cut;
      ASSERT_TRUE(it.whole()) << text;
    }
}

TEST(json_follower, agrees_with_a_parser_about_what_was_cut) {
  test::dice random(11);
  for (int i = 0; i < 2'000; ++i) {
    std::string text = "{\"a\":[";
    for (auto n = random.below(6); n > 0; --n) {
      std::string part = "\"" + std::string(random.below(200), random.one_in(2) ? '{' : ']');
      for (auto k = random.below(random.one_in(3) ? 100 : 3); k > 0; --k)
        part += random.one_in(2) ? "\\\\" : "\\\"";
      part += "\"";
      if (random.one_in(3))
        part = "{\"k\\\"\":" + part + "}";
      text += part + ",";
    }
    text += "0]}";
    const auto size = random.below(text.size() + 1);
    const auto part = text.substr(0, size);
    ASSERT_EQ(followed(part, random.below(size + 1)).whole(), inspect_json(part).ok()) << part;
  }
}

} // namespace
} // namespace synapse::http
