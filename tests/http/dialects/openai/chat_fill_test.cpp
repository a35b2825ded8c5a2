#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/chat_edit.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http {
namespace {

using nlohmann::json;

chat_profile whole_profile() {
  chat_profile profile;
  profile.temperature = "0.25";
  profile.top_p = "0.5";
  profile.top_k = "7";
  profile.min_p = "0.125";
  profile.repeat_penalty = "1.5";
  profile.max_tokens = "100";
  profile.system_prompt = "Be kind.";
  profile.reasoning_effort = "low";
  return profile;
}

chat_edits edits_for(const std::string& body, const chat_profile& profile) {
  chat_edits edits;
  fill_chat(body, scan_chat(body), profile, edits);
  return edits;
}

json filled(const std::string& body, const chat_profile& profile = whole_profile()) {
  const auto out = apply_edits(body, scan_chat(body), edits_for(body, profile));
  EXPECT_TRUE(inspect_json(out).ok()) << out;
  return json::parse(out);
}

TEST(fill_chat, all_that_is_left_out_is_filled_in) {
  EXPECT_EQ(filled(R"({"messages":[{"role":"user","content":"a"}],"temperature":null})"),
            json::parse(R"({"temperature":0.25,"top_p":0.5,"top_k":7,"min_p":0.125,
                "repeat_penalty":1.5,"max_tokens":100,
                "messages":[{"role":"system","content":"Be kind.\nReasoning: low"},
                            {"role":"user","content":"a"}]})"));
}

TEST(fill_chat, what_a_request_says_stays) {
  const std::string body =
      R"({"temperature":1,"top_p":1.0,"top_k":"x","min_p":0,"repeat_penalty":2,"max_tokens":5,
          "messages":[{"role":"system","content":"Mine.\nReasoning: high"}]})";
  const auto edits = edits_for(body, whole_profile());
  EXPECT_TRUE(edits.empty()) << "nothing is left to be done";
  EXPECT_EQ(apply_edits(body, scan_chat(body), edits), body);
}

TEST(fill_chat, the_length_is_given_by_any_of_its_names) {
  for (const char* name : {"max_tokens", "max_completion_tokens", "n_predict", "max_new_tokens"}) {
    const auto one = filled(std::string{"{\""} + name + "\":9}");
    EXPECT_EQ(one[name], 9);
    EXPECT_EQ(one.contains("max_tokens"), name == std::string_view{"max_tokens"}) << name;
    EXPECT_EQ(filled(std::string{"{\""} + name + "\":null}")["max_tokens"], 100) << name;
  }
}

TEST(fill_chat, a_system_message_of_the_request_keeps_its_text_and_gets_the_line) {
  const auto one = filled(R"({"messages":[{"role":"developer","content":"Mine."}]})");
  EXPECT_EQ(one["messages"], json::parse(R"([{"role":"developer",
      "content":"Mine.\nReasoning: low"}])"));
}

TEST(fill_chat, a_reasoning_effort_of_the_request_goes_before_the_stored_one) {
  const auto one = filled(R"({"messages":[],"reasoning_effort":"high"})");
  EXPECT_EQ(one["messages"], json::parse(R"([{"role":"system","content":"Be kind."}])"));
  const auto null = filled(R"({"messages":[],"reasoning_effort":null})");
  EXPECT_EQ(null["messages"][0]["content"], "Be kind.\nReasoning: low");
}

TEST(fill_chat, a_penalty_is_given_by_either_name) {
  const auto one = filled(R"({"repetition_penalty":1.1})");
  EXPECT_EQ(one["repetition_penalty"], 1.1);
  EXPECT_FALSE(one.contains("repeat_penalty"));
  EXPECT_EQ(filled(R"({"repetition_penalty":null})")["repeat_penalty"], 1.5);
}

/// Every way in which clients say how hard the model is to think.
TEST(fill_chat, a_reasoning_effort_is_given_in_any_dialect) {
  chat_profile profile;
  profile.reasoning_effort = "low";
  for (const std::string said :
       {R"("reasoning_effort":"HIGH")", R"("reasoning":{"effort":"high"})", R"("reasoning":"high")",
        R"("reasoning":{"summary":"auto","\u0065ffort":"high"})",
        R"("reasoning":{"enabled":false})", R"("reasoning":{"max_tokens":100})",
        R"("chat_template_kwargs":{"reasoning_effort":"high"})",
        R"("chat_template_kwargs": { "x":[{"a":1}], "enable_thinking" : false })",
        R"("chat_template_kwargs":{"reasoning_effort":null,"reasoning_effort":"high"})",
        R"("thinking":{"type":"enabled","budget_tokens":9})", R"("enable_thinking":false)",
        R"("think":"high")", R"("think":false)", R"("thinking_budget_tokens":0)",
        R"("thinking_budget":10)", R"("reasoning_budget":-1)"}) {
    const auto body = "{" + said + R"(,"messages":[{"role":"user","content":"a"}]})";
    EXPECT_TRUE(edits_for(body, profile).empty()) << body;
  }
}

TEST(fill_chat, what_only_looks_like_a_reasoning_effort_is_none) {
  chat_profile profile;
  profile.reasoning_effort = "low";
  for (const std::string said :
       {R"("reasoning":{})", R"("reasoning":{"summary":"auto"})", R"("reasoning":null)",
        R"("reasoning":{"effort":null})", R"("reasoning":{"more":{"effort":"high"}})",
        R"("reasoning":["effort"])", R"("chat_template_kwargs":{})",
        R"("chat_template_kwargs":{"other":"reasoning_effort"})",
        R"("chat_template_kwargs":{"reasoning_effort":"high","reasoning_effort":null})",
        R"("thinking":null)", R"("reasoning_format":"auto")"}) {
    const auto body = "{" + said + R"(,"messages":[{"role":"user","content":"a"}]})";
    EXPECT_EQ(filled(body, profile)["messages"][0]["content"], "Reasoning: low") << body;
  }
}

TEST(fill_chat, a_reasoning_line_is_one_in_any_case_and_any_system_message) {
  chat_profile profile;
  profile.reasoning_effort = "low";
  for (const std::string messages :
       {R"({"role":"system","content":"reasoning: high"})",
        R"({"role":"system","content":"Be kind.\r\n  REASONING: high\r\nBe brief."})",
        R"({"role":"system","content":"Be kind."},{"role":"system","content":"Reasoning: high"})",
        R"({"role":"system","content":"Be kind."},{"role":"developer","content":[
            {"type":"text","text":"a\nReasoning: high"}]})"}) {
    const auto body = R"({"messages":[)" + messages + "]}";
    EXPECT_TRUE(edits_for(body, profile).empty()) << body;
  }
  const auto other =
      filled(R"({"messages":[{"role":"system","content":"My Reasoning: x"}]})", profile);
  EXPECT_EQ(other["messages"][0]["content"], "My Reasoning: x\nReasoning: low");
}

TEST(fill_chat, without_messages_only_the_numbers_are_filled_in) {
  const auto one = filled(R"({"prompt":"a"})");
  EXPECT_EQ(one.size(), 7U);
  EXPECT_EQ(one["top_k"], 7);
  EXPECT_FALSE(one.contains("messages"));
}

TEST(fill_chat, an_empty_profile_asks_for_nothing) {
  EXPECT_TRUE(edits_for(R"({"messages":[]})", {}).empty());
  chat_profile blank;
  blank.system_prompt = "";
  EXPECT_TRUE(edits_for(R"({"messages":[]})", blank).empty());
}

TEST(fill_chat, only_the_values_of_the_profile_are_used) {
  chat_profile profile;
  profile.top_k = "3";
  EXPECT_EQ(filled(R"({"a":1,"messages":[]})", profile),
            json::parse(R"({"a":1,"top_k":3,"messages":[]})"));
}

} // namespace
} // namespace synapse::http
