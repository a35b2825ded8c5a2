#include "http/dialects/openai/usage_tail.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace synapse::http {
namespace {

using counts = std::pair<std::int64_t, std::int64_t>;

/// What is found in a text that comes in pieces of that size.
counts found(std::string_view text, std::size_t piece) {
  usage_tail tail;
  for (std::size_t at = 0; at < text.size(); at += piece)
    tail.feed(text.substr(at, piece));
  const auto seen = tail.counts();
  const auto at_once = usage_tail::of(text);
  EXPECT_EQ(at_once.prompt, seen.prompt) << text;
  EXPECT_EQ(at_once.completion, seen.completion) << text;
  return {seen.prompt, seen.completion};
}

TEST(usage_tail, finds_the_counts_wherever_the_text_was_cut) {
  const std::string text =
      R"({"choices":[{"message":{"content":")" + std::string(5000, 'x') +
      R"("}}],"usage":{"completion_tokens":12,"prompt_tokens":20,"total_tokens":32,)"
      R"("prompt_tokens_details":{"cached_tokens":8}},"id":"c","timings":{"prompt_n":12}})";
  for (std::size_t piece = 1; piece < 200; ++piece)
    ASSERT_EQ(found(text, piece), (counts{20, 12})) << piece;
  EXPECT_EQ(found(text, text.size()), (counts{20, 12}));
  EXPECT_EQ(found(text, 2048), (counts{20, 12}));
}

TEST(usage_tail, reads_pretty_printed_texts_and_embeddings) {
  EXPECT_EQ(found("{\"data\": [],\n  \"usage\" : {\n \"prompt_tokens\" : 3 }\n}", 7),
            (counts{3, -1}));
}

TEST(usage_tail, takes_no_text_for_a_key) {
  const std::string text = R"({"usage":{"prompt_tokens":1,"completion_tokens":2},"choices":[)"
                           R"({"content":"\"usage\":{\"prompt_tokens\":99}"}]})";
  EXPECT_EQ(found(text, 5), (counts{1, 2}));
}

TEST(usage_tail, finds_it_at_any_distance_from_the_end) {
  const std::string usage = R"("usage":{"prompt_tokens":5,"completion_tokens":6})";
  for (std::size_t behind = 0; behind < 100; ++behind)
    for (const std::size_t before : {0U, 1U, 15U, 16U, 17U, 700U}) {
      const std::string filler = std::string(before, '"') + "{\"u\":1,\"usag\":\"u\",";
      ASSERT_EQ(found(filler + usage + std::string(behind, '}'), 4096), (counts{5, 6}))
          << before << " before, " << behind << " behind";
    }
}

TEST(usage_tail, says_so_when_there_is_nothing_to_find) {
  EXPECT_EQ(found("", 1), (counts{-1, -1}));
  EXPECT_EQ(found(R"({"usage":null})", 3), (counts{-1, -1}));
  EXPECT_EQ(found(R"({"usage":{"prompt_tokens":-4,"completion_tokens":"many"}})", 3),
            (counts{-1, -1}));
  EXPECT_EQ(found(R"({"prompt_tokens":4})", 3), (counts{-1, -1}));
  EXPECT_EQ(found(R"({"usage":{"prompt_tokens":4})" + std::string(4000, ' ') + "}", 9),
            (counts{-1, -1}))
      << "too far from the end";
}

} // namespace
} // namespace synapse::http
