#include "http/dialects/openai/chat_chunk.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

namespace synapse::http::openai {
namespace {

chat_chunk chunk_of(std::string_view json) {
  const auto chunk = read_chat_chunk(json);
  EXPECT_TRUE(chunk) << json;
  return chunk.value_or(chat_chunk{});
}

TEST(chat_chunk, reads_what_a_delta_says_as_it_is_spelled) {
  const auto chunk = chunk_of(
      R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m\u0041",
          "choices":[{"index":0,"delta":{"role":"assistant","content":"a\u00e9\"","reasoning_content":"hm",
          "refusal":"no","tool_calls":[{"index":1,"id":"c1","type":"function",
          "function":{"name":"f","arguments":"{\"a\":"}},{"index":2,"function":{"arguments":"1}"}}]},
          "logprobs":null,"finish_reason":"tool_calls"}]})");
  EXPECT_EQ(chunk.id, R"("chatcmpl-1")");
  EXPECT_EQ(chunk.model, R"("m\u0041")");
  EXPECT_EQ(chunk.created, 1700000000);
  EXPECT_TRUE(chunk.has_choice);
  EXPECT_EQ(chunk.role, R"("assistant")");
  EXPECT_EQ(chunk.content, R"("a\u00e9\"")");
  EXPECT_EQ(chunk.reasoning, R"("hm")");
  EXPECT_EQ(chunk.refusal, R"("no")");
  EXPECT_EQ(chunk.finish_reason, R"("tool_calls")");
  ASSERT_EQ(chunk.calls.size(), 2U);
  EXPECT_EQ(chunk.calls[0].index, 1U);
  EXPECT_EQ(chunk.calls[0].id, R"("c1")");
  EXPECT_EQ(chunk.calls[0].name, R"("f")");
  EXPECT_EQ(chunk.calls[0].arguments, R"("{\"a\":")");
  EXPECT_EQ(chunk.calls[1].index, 2U);
  EXPECT_EQ(chunk.calls[1].id, "");
  EXPECT_EQ(chunk.calls[1].arguments, R"("1}")");
  EXPECT_EQ(chunk.prompt_tokens, -1);
  EXPECT_EQ(chunk.completion_tokens, -1);
}

TEST(chat_chunk, a_completions_text_is_its_content) {
  const auto chunk = chunk_of(
      R"({"object":"text_completion","choices":[{"index":0,"text":"a\n","finish_reason":null}]})");
  EXPECT_TRUE(chunk.has_choice);
  EXPECT_EQ(chunk.content, R"("a\n")");
  EXPECT_FALSE(read_chat_chunk(R"({"choices":[{"index":0,"text":7}]})"));
}

TEST(chat_chunk, nothing_said_is_nothing_however_it_is_spelled) {
  for (
      const auto* json :
      {R"({"choices":[{"index":0,"delta":{"role":"assistant","content":"","tool_calls":null}}]})",
       R"({"choices":[{"delta":{"content":null,"reasoning_content":null,"tool_calls":[]},"finish_reason":null}]})",
       R"({"choices":[{"index":0,"message":{"content":null,"refusal":null}}]})",
       R"({"choices":[{"index":0,"delta":null}]})", R"({"choices":[{"index":0}]})"}) {
    const auto chunk = chunk_of(json);
    EXPECT_TRUE(chunk.has_choice) << json;
    EXPECT_EQ(chunk.content, "") << json;
    EXPECT_EQ(chunk.reasoning, "") << json;
    EXPECT_EQ(chunk.refusal, "") << json;
    EXPECT_TRUE(chunk.calls.empty()) << json;
    EXPECT_EQ(chunk.finish_reason, "") << json;
  }
}

TEST(chat_chunk, counts_come_with_choices_or_without) {
  const auto chunk = chunk_of(
      R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,
          "prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}}})");
  EXPECT_FALSE(chunk.has_choice);
  EXPECT_EQ(chunk.prompt_tokens, 12);
  EXPECT_EQ(chunk.completion_tokens, 5);
  EXPECT_EQ(chunk.cached_tokens, 8);
  EXPECT_EQ(chunk.reasoning_tokens, 3);
  const auto none = chunk_of(R"({"choices":[],"usage":null})");
  EXPECT_EQ(none.prompt_tokens, -1);
  const auto odd = chunk_of(
      R"({"usage":{"prompt_tokens":-4,"completion_tokens":"5","prompt_tokens_details":null}})");
  EXPECT_EQ(odd.prompt_tokens, -1);
  EXPECT_EQ(odd.completion_tokens, -1);
  EXPECT_EQ(odd.cached_tokens, -1);
}

TEST(chat_chunk, a_servers_timings_count_only_where_no_usage_does) {
  const auto timed = chunk_of(
      R"({"choices":[],"timings":{"cache_n":8,"prompt_n":4,"predicted_n":5,"prompt_ms":1.5}})");
  EXPECT_EQ(timed.prompt_tokens, 12);
  EXPECT_EQ(timed.cached_tokens, 8);
  EXPECT_EQ(timed.completion_tokens, 5);
  const auto both = chunk_of(
      R"({"timings":{"prompt_n":4,"predicted_n":5},"usage":{"prompt_tokens":7,"completion_tokens":9}})");
  EXPECT_EQ(both.prompt_tokens, 7);
  EXPECT_EQ(both.completion_tokens, 9);
}

TEST(chat_chunk, only_the_choice_of_index_0_counts) {
  const auto other = chunk_of(
      R"({"choices":[{"index":1,"delta":{"content":"b","tool_calls":7},"finish_reason":"length"}]})");
  EXPECT_FALSE(other.has_choice);
  EXPECT_EQ(other.content, "");
  EXPECT_EQ(other.finish_reason, "");
  const auto both = chunk_of(
      R"({"choices":[{"delta":{"content":"b"},"index":1},{"delta":{"content":"a"},"index":0}]})");
  EXPECT_EQ(both.content, R"("a")");
}

TEST(chat_chunk, reasoning_has_two_names_and_is_said_once) {
  EXPECT_EQ(chunk_of(R"({"choices":[{"delta":{"reasoning":"r"}}]})").reasoning, R"("r")");
  EXPECT_EQ(
      chunk_of(R"({"choices":[{"delta":{"reasoning":"r","reasoning_content":"r"}}]})").reasoning,
      R"("r")");
  EXPECT_EQ(
      chunk_of(R"({"choices":[{"delta":{"reasoning_content":"","reasoning":"r"}}]})").reasoning,
      R"("r")");
  EXPECT_EQ(chunk_of(R"({"choices":[{"delta":{"reasoning":{"effort":"low"}}}]})").reasoning, "");
}

TEST(chat_chunk, the_text_that_ended_it_has_two_names_and_tokens_are_none) {
  const auto ended_by = [](const std::string& members) {
    const auto json = R"({"choices":[{"delta":{},"finish_reason":"stop",)" + members + "}]}";
    return std::string{chunk_of(json).matched_stop};
  };
  EXPECT_EQ(ended_by(R"("stop_reason":"END")"), R"("END")");
  EXPECT_EQ(ended_by(R"("matched_stop":"END")"), R"("END")");
  EXPECT_EQ(ended_by(R"("stop_reason":null,"matched_stop":151645)"), "");
  EXPECT_EQ(ended_by(R"("stop_reason":128001)"), "");
}

TEST(chat_chunk, a_call_without_an_index_has_that_of_its_place) {
  const auto chunk = chunk_of(
      R"({"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},
          {"id":"b","function":{"name":"g","arguments":null}}]}}]})");
  ASSERT_EQ(chunk.calls.size(), 2U);
  EXPECT_EQ(chunk.calls[1].index, 1U);
  EXPECT_EQ(chunk.calls[1].arguments, "");
}

TEST(chat_chunk, what_is_not_what_it_is_called_is_no_chunk) {
  for (const auto* json :
       {"",
        "{",
        "[]",
        "7",
        "null",
        "\"a\"",
        "{} {}",
        "{\"a\":\"\xff\"}",
        R"({"choices":7})",
        R"({"choices":{}})",
        R"({"choices":[7]})",
        R"({"choices":[{"delta":7}]})",
        R"({"choices":[{"delta":{"content":7}}]})",
        R"({"choices":[{"delta":{"content":{}}}]})",
        R"({"choices":[{"delta":{"reasoning_content":[]}}]})",
        R"({"choices":[{"delta":{"tool_calls":{}}}]})",
        R"({"choices":[{"delta":{"tool_calls":[7]}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"index":0}]}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"index":-1,"function":{}}]}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"index":"0","function":{}}]}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":7}}]}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":{}}}]}}]})",
        R"({"choices":[{"delta":{},"finish_reason":7}]})"})
    EXPECT_FALSE(read_chat_chunk(json)) << json;
  EXPECT_TRUE(read_chat_chunk(R"({"created":123456789012345678901234567890})"));
}

TEST(chat_chunk, nothing_outside_of_a_damaged_text_is_read) {
  const std::string sample =
      R"({"id":"c","choices":[{"index":0,"delta":{"content":"a\"b","tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}}]}}],"usage":{"prompt_tokens":1}})";
  test::dice random(5);
  for (int round = 0; round < 20000; ++round) {
    auto text = sample;
    for (auto left = 1 + round % 4; left > 0; --left)
      test::mutate(text, random);
    const test::exact_copy bytes(text);
    const std::string_view exact(bytes.begin(), text.size());
    const auto chunk = read_chat_chunk(exact);
    if (!chunk)
      continue;
    const auto within = [&](std::string_view view) {
      return view.empty() || (view.data() >= exact.data() &&
                              view.data() + view.size() <= exact.data() + exact.size());
    };
    ASSERT_TRUE(within(chunk->content) && within(chunk->id)) << text;
    for (const auto& call : chunk->calls)
      ASSERT_TRUE(within(call.id) && within(call.name) && within(call.arguments)) << text;
  }
}

} // namespace
} // namespace synapse::http::openai
