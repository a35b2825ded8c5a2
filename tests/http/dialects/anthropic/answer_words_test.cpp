#include "tests/http/dialects/anthropic/made.hpp"

namespace synapse::http::anthropic {
namespace {

TEST(anthropic_answer_words, each_reason_to_finish_has_its_word_or_is_unknown) {
  const auto word = [](std::string_view reason, std::string_view matched = {},
                       bool called = false) {
    std::string out = "{";
    append_stop_reason(out, reason, matched, called);
    return json::parse(out + "}");
  };
  for (const auto& [reason, said] :
       std::vector<std::pair<std::string, json>>{{R"("stop")", "end_turn"},
                                                 {R"("length")", "max_tokens"},
                                                 {R"("tool_calls")", "tool_use"},
                                                 {R"("function_call")", "tool_use"},
                                                 {R"("content_filter")", "refusal"},
                                                 {R"("abort")", nullptr},
                                                 {"", nullptr}}) {
    EXPECT_EQ(word(reason)["stop_reason"], said) << reason;
    EXPECT_EQ(word(reason)["stop_sequence"], nullptr);
  }
  EXPECT_EQ(word(R"("stop")", R"("x\n")"),
            (json{{"stop_reason", "stop_sequence"}, {"stop_sequence", "x\n"}}));
  EXPECT_EQ(word(R"("length")", R"("x")")["stop_sequence"], nullptr);
  EXPECT_EQ(word(R"("stop")", {}, true)["stop_reason"], "tool_use");
  EXPECT_EQ(word(R"("length")", {}, true)["stop_reason"], "max_tokens");
}

TEST(anthropic_answer_words, each_of_theirs_has_openais) {
  for (const auto& [reason, said] : std::vector<std::pair<std::string, std::string>>{
           {R"("end_turn")", "stop"},
           {R"("stop_sequence")", "stop"},
           {R"("pause_turn")", "stop"},
           {"", "stop"},
           {R"("max_tokens")", "length"},
           {R"("model_context_window_exceeded")", "length"},
           {R"("tool_use")", "tool_calls"},
           {R"("refusal")", "content_filter"}})
    EXPECT_EQ(finish_reason_for(reason, false), said) << reason;
  EXPECT_EQ(finish_reason_for(R"("end_turn")", true), "tool_calls");
  EXPECT_EQ(finish_reason_for(R"("max_tokens")", true), "length");
}

TEST(anthropic_answer_words, cached_tokens_are_a_part_of_the_prompt_or_beside_it) {
  token_usage usage;
  openai::chat_chunk told;
  told.prompt_tokens = 20;
  told.cached_tokens = 8;
  told.completion_tokens = 5;
  usage.note(told);
  usage.note(openai::chat_chunk{}); // tells nothing, and changes nothing
  std::string out;
  append_message_usage(out, usage);
  EXPECT_EQ(json::parse(out), json::parse(R"({"input_tokens":12,"cache_creation_input_tokens":0,
      "cache_read_input_tokens":8,"output_tokens":5})"));
  token_usage theirs;
  theirs.note(
      R"({"input_tokens":12,"cache_read_input_tokens":8,"cache_creation_input_tokens":3,"output_tokens":1})");
  theirs.note(R"({"output_tokens":5})");
  append_chat_usage(out = {}, theirs);
  EXPECT_EQ(json::parse(out),
            json::parse(R"({"prompt_tokens":23,"completion_tokens":5,"total_tokens":28,
      "prompt_tokens_details":{"cached_tokens":8}})"));
  theirs.note(R"({"input_tokens":14,"output_tokens":6})");
  EXPECT_EQ(theirs.prompt, 25);
  theirs.note("null");
  theirs.note(R"({"input_tokens":"x","output_tokens":-1})");
  EXPECT_EQ(theirs.prompt, 25);
  EXPECT_EQ(theirs.completion, 6);
  append_message_usage(out = {}, {});
  EXPECT_EQ(json::parse(out)["input_tokens"], 0);
}

} // namespace
} // namespace synapse::http::anthropic
