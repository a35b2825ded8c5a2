#include "http/dialects/ollama/client/answer_lines.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace synapse::http::ollama::client {
namespace {

using json = nlohmann::json;

std::string time_of(std::int64_t ns) {
  std::string text;
  append_time(text, ns);
  return text;
}

TEST(ollama_client_answer_lines, times_are_those_of_rfc_3339) {
  EXPECT_EQ(time_of(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_of(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(time_of(1709210096'000000000), "2024-02-29T12:34:56Z");
  EXPECT_EQ(time_of(1709210096'120000000), "2024-02-29T12:34:56.120000000Z");
  EXPECT_EQ(time_of(-5), "1970-01-01T00:00:00Z");
}

TEST(ollama_client_answer_lines, durations_are_those_between_the_lines) {
  std::int64_t now = 1'000;
  answer_lines lines{route::chat, {"m", 400, [&] { return now; }}};
  std::string out;
  lines.append(out, {R"("a")", {}, {}});
  now = 2'500;
  lines.append(out, {R"("b")", {}, {}});
  now = 5'000;
  out.clear();
  lines.append_last(out, {}, {R"("length")", 3, 0});
  EXPECT_EQ(json::parse(out),
            json::parse(R"({"model":"m","created_at":"1970-01-01T00:00:00.000005000Z",
              "message":{"role":"assistant","content":""},"done":true,"done_reason":"length",
              "total_duration":4600,"prompt_eval_count":3,"prompt_eval_duration":600,
              "eval_duration":4000})"));
}

TEST(ollama_client_answer_lines, only_a_length_is_told_apart_from_a_stop) {
  for (const auto& [openai, native] :
       {std::pair{R"("stop")", "stop"}, std::pair{R"("length")", "length"},
        std::pair{R"("tool_calls")", "stop"}, std::pair{R"("content_filter")", "stop"}}) {
    answer_lines lines{route::chat, {"m", 0, [] { return 7; }}};
    std::string out;
    lines.append_last(out, {}, {openai, -1, -1});
    EXPECT_EQ(json::parse(out)["done_reason"], native);
  }
  answer_lines lines{route::chat, {"m", 0, [] { return 7; }}};
  std::string out;
  lines.append_last(out, {}, {});
  EXPECT_FALSE(json::parse(out).contains("done_reason"));
}

TEST(ollama_client_answer_lines, a_model_that_is_only_loaded_says_so_in_each_form) {
  const answer_facts facts{"a\"b", 0, [] { return std::int64_t{1709210096'000000000}; }};
  const auto loaded = [&](route by, bool unload) {
    std::string out;
    append_loaded(out, by, {unload}, facts);
    return json::parse(out);
  };
  EXPECT_EQ(loaded(route::chat, false),
            json::parse(R"({"model":"a\"b","created_at":"2024-02-29T12:34:56Z",
              "message":{"role":"assistant","content":""},"done":true,"done_reason":"load"})"));
  EXPECT_EQ(loaded(route::generate, true),
            json::parse(R"({"model":"a\"b","created_at":"2024-02-29T12:34:56Z","response":"",
              "done":true,"done_reason":"unload"})"));
  EXPECT_EQ(loaded(route::embed, false), json::parse(R"({"model":"a\"b","embeddings":[]})"));
  EXPECT_EQ(loaded(route::embeddings, true), json::parse(R"({"embedding":[]})"));
}

} // namespace
} // namespace synapse::http::ollama::client
