#include "http/dialects/ollama/answer_parts.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http::ollama {
namespace {

using json = nlohmann::json;
constexpr auto chat = answer_kind::chat;

TEST(ollama_answer_parts, errors_have_the_servers_words) {
  EXPECT_EQ(error_text(R"({"error":"model 'x' not found"})"), "model 'x' not found");
  EXPECT_EQ(error_text(R"({"error":"a \"\u00e4\""})"), "a \"ä\"");
  EXPECT_EQ(error_text("  404 page not found\n"), "404 page not found");
  EXPECT_EQ(error_text(""), "");
  EXPECT_EQ(error_text(R"({"error":{"message":"m","type":"t","code":404}})"), "m");
  EXPECT_EQ(error_text(R"({"error":7})"), "7");
  EXPECT_EQ(error_text(R"({"detail":"x"})"), R"({"detail":"x"})");
}

TEST(ollama_answer_parts, an_engines_own_error_is_found_within) {
  const std::string inner =
      R"({"error":{"code":400,"message":"request (9 tokens) exceeds {n_ctx}","type":"exceed_context_size_error"}})";
  for (const auto* words : {"", "POST predict: ", "llama-server says "}) {
    const auto found = read_error(json{{"error", words + inner}}.dump());
    EXPECT_EQ(found.text, "request (9 tokens) exceeds {n_ctx}") << words;
    EXPECT_EQ(found.type, "exceed_context_size_error");
    EXPECT_EQ(found.status, 400U);
  }
  EXPECT_EQ(read_error(R"({"error":"use {name} here"})").text, "use {name} here");
  EXPECT_EQ(read_error(R"({"error":{"message":"m","code":"400"}})").status, 0U);
  EXPECT_EQ(read_error(R"({"error":{"message":"m","code":200}})").status, 0U);
}

TEST(ollama_answer_parts, an_error_is_bounded_in_length_and_depth) {
  const auto text =
      error_text(json{{"error", std::string(4095, 'a') + "ä" + std::string(999, 'b')}}.dump());
  EXPECT_EQ(text, std::string(4095, 'a'));
  std::string nested = "end";
  for (int i = 0; i < 10; ++i)
    nested = json{{"error", nested}}.dump();
  EXPECT_NE(error_text(nested), "end");
  EXPECT_FALSE(error_text(std::string(100000, '[')).empty());
}

TEST(ollama_answer_parts, a_line_is_read_as_it_is_spelled) {
  const auto parts = read_parts(
      R"({"message":{"role":"assistant","content":"a\u003c","thinking":"b","tool_calls":[1]},"done":true,
          "done_reason":"length","prompt_eval_count":26,"eval_count":12})",
      chat);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->content, R"("a\u003c")");
  EXPECT_EQ(parts->thinking, R"("b")");
  EXPECT_EQ(parts->tool_calls, "[1]");
  EXPECT_TRUE(parts->done);
  EXPECT_EQ(parts->prompt_tokens, 26);
  EXPECT_EQ(parts->completion_tokens, 12);
  EXPECT_EQ(finish_reason(*parts, false), "length");
  EXPECT_EQ(finish_reason(*parts, true), "tool_calls");
  const auto generated =
      read_parts(R"({"response":"x","thinking":"y","done":false})", answer_kind::completion);
  ASSERT_TRUE(generated);
  EXPECT_EQ(generated->content, R"("x")");
  EXPECT_EQ(generated->thinking, R"("y")");
  EXPECT_EQ(generated->prompt_tokens, -1);
}

TEST(ollama_answer_parts, an_error_counts_wherever_it_stands_and_whatever_stands_beside_it) {
  for (const auto* text : {R"({"message":{"content":7},"error":"e"})",
                           R"({"error":"e","message":{"content":"a"},"done":true})"}) {
    const auto parts = read_parts(text, chat);
    ASSERT_TRUE(parts) << text;
    EXPECT_TRUE(parts->error) << text;
  }
}

TEST(ollama_answer_parts, what_is_no_part_of_an_answer_is_none) {
  for (const auto* none :
       {"", "{", "[]", "7", "{}", R"({"done":false})", R"({"status":"success"})",
        R"({"message":7,"done":true})", R"({"message":{"content":7}})",
        R"({"message":{"content":["a"]}})", R"({"message":{"thinking":{}}})",
        R"({"message":{"tool_calls":{}}})", R"({"message":null})", R"({"response":"x"})",
        R"({"message":{"content":"a"},"done":true,"done_reason":7})",
        R"({"message":{"content":"a"}} x)"})
    EXPECT_FALSE(read_parts(none, chat)) << none;
  EXPECT_FALSE(read_parts(R"({"message":{"content":"a"}})", answer_kind::completion));
}

TEST(ollama_answer_parts, a_number_that_no_machine_holds_is_still_an_answer) {
  const auto parts = read_parts(
      R"({"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":123456789012345678901234567890}}}]}})",
      chat);
  ASSERT_TRUE(parts);
  std::string out;
  EXPECT_EQ(append_calls(out, parts->tool_calls, {"chatcmpl-x", 0, "m"}, 0, false), 1U);
  EXPECT_EQ(json::parse(out)["function"]["arguments"], R"({"a":123456789012345678901234567890})");
}

TEST(ollama_answer_parts, calls_without_ids_get_some_that_no_other_answer_has) {
  std::string out;
  ASSERT_EQ(
      append_calls(
          out,
          R"([{"function":{"name":"f"}},{"id":"call_7","function":{"name":"g","arguments":"{}"}}])",
          {"chatcmpl-abc", 0, "m"}, 3, true),
      2U);
  EXPECT_EQ(
      json::parse('[' + out + ']'),
      json::parse(
          R"([{"index":3,"id":"call_abc_3","type":"function","function":{"name":"f","arguments":"{}"}},
                            {"index":4,"id":"call_7","type":"function","function":{"name":"g","arguments":"{}"}}])"));
  for (const auto* bad :
       {"[7]", R"([{"function":{}}])", R"([{"function":{"name":""}}])", R"([{"name":"f"}])"})
    EXPECT_FALSE(append_calls(out, bad, {}, 0, true)) << bad;
}

TEST(ollama_answer_parts, a_prompt_is_truncated_only_when_it_cannot_have_fitted) {
  EXPECT_TRUE(is_truncated(4096, 10000, 4096));
  EXPECT_TRUE(is_truncated(2000, 10000, 4096));
  // It may have fitted: fewer are counted because the rest was in the cache.
  EXPECT_FALSE(is_truncated(12, 3000, 4096));
  EXPECT_FALSE(is_truncated(12, 4096 * 4 / 3, 4096));
  EXPECT_TRUE(is_truncated(12, 4096 * 4 / 3 + 3, 4096));
  // The estimate was wrong, or the context is another one.
  EXPECT_FALSE(is_truncated(8000, 10000, 4096));
  EXPECT_FALSE(is_truncated(5000, 10000, 4096));
  // Nothing is known.
  EXPECT_FALSE(is_truncated(-1, 10000, 4096));
  EXPECT_FALSE(is_truncated(0, 10000, 4096));
  EXPECT_FALSE(is_truncated(100, 10000, 0));
  EXPECT_FALSE(is_truncated(100, 0, 4096));
}

TEST(ollama_answer_parts, usage_counts_the_unknown_as_nothing) {
  std::string out;
  append_usage(out, -1, 5);
  EXPECT_EQ(out, R"({"prompt_tokens":0,"completion_tokens":5,"total_tokens":5})");
}

} // namespace
} // namespace synapse::http::ollama
