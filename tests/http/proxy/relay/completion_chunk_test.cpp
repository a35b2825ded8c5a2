#include "http/proxy/relay/completion_chunk.hpp"

#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

TEST(completion_chunk, has_the_message_as_its_delta) {
  const auto chunk = chunk_of(
      R"({"id":"a","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
      R"("content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}})");
  ASSERT_TRUE(chunk);
  EXPECT_EQ(*chunk, R"({"id":"a","object":"chat.completion.chunk","choices":[{"index":0,)"
                    R"("finish_reason":"stop","delta":{"role":"assistant","content":"hi"}}],)"
                    R"("usage":{"prompt_tokens":1}})");
}

TEST(completion_chunk, is_one_line_however_the_completion_was_written) {
  const auto chunk = chunk_of("{\n \"choices\": [\n {\"message\": {\"content\": \"a\\nb\"}}\n]\n}");
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->find('\n'), std::string::npos);
  EXPECT_EQ(*chunk, R"({"choices":[{"delta":{"content":"a\nb"}}]})");
}

TEST(completion_chunk, has_every_choice) {
  const auto chunk = chunk_of(
      R"({"choices":[{"index":0,"message":{"content":"a"}},{"index":1,"message":{"content":"b"}}]})");
  ASSERT_TRUE(chunk);
  EXPECT_EQ(
      *chunk,
      R"({"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]})");
}

TEST(completion_chunk, numbers_the_calls_of_tools) {
  const auto chunk = chunk_of(
      R"({"choices":[{"message":{"tool_calls":[{"id":"x"},{"id":"y"},"odd",{"id":"z"}]}}]})");
  ASSERT_TRUE(chunk);
  EXPECT_EQ(*chunk, R"({"choices":[{"delta":{"tool_calls":[{"id":"x","index":0},)"
                    R"({"id":"y","index":1},"odd",{"id":"z","index":2}]}}]})");
}

TEST(completion_chunk, of_a_text_completion_stays_as_it_is) {
  const std::string text =
      R"({"object":"text_completion","choices":[{"index":0,"text":"hi","finish_reason":"stop"}]})";
  const auto chunk = chunk_of(text);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(*chunk, text);
}

TEST(completion_chunk, is_not_made_of_anything_else) {
  for (const auto* text :
       {"", "nothing", "[]", "{}", "null", "{\"choices\":{}}", "{\"choices\":null}",
        "{\"choices\":[1]}", "{\"choices\":[{\"message\":\"text\"}]}",
        "{\"choices\":[{\"message\":{}}", "{\"object\":\"list\",\"data\":[]}"})
    EXPECT_FALSE(chunk_of(text)) << text;
}

TEST(completion_chunk, keeps_another_kind_of_object) {
  const auto chunk = chunk_of(R"({"object":"x","choices":[]})");
  ASSERT_TRUE(chunk);
  EXPECT_EQ(*chunk, R"({"object":"x","choices":[]})");
  EXPECT_TRUE(chunk_of(R"({"object":7,"choices":[]})"));
}

} // namespace
} // namespace synapse::proxy
