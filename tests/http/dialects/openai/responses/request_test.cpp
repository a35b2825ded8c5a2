#include "http/dialects/openai/responses/request.hpp"
#include "tests/http/dialects/openai/responses/requests.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace synapse::http::openai::responses {
namespace {

using names = std::vector<std::string_view>;
names sorted(names all) {
  std::sort(all.begin(), all.end());
  return all;
}

TEST(responses_request, a_text_is_a_chat_of_one_message) {
  const auto call = call_of(asked_with(""));
  EXPECT_EQ(call.body, R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_TRUE(call.lossy.empty());
  EXPECT_FALSE(call.stream);
  EXPECT_TRUE(call.store);
  EXPECT_FALSE(call.background);
  EXPECT_FALSE(call.truncate);
  EXPECT_EQ(call.request.model, "\"m\"");
  EXPECT_EQ(call.request.messages, R"({"role":"user","content":"Hi"})");
}

TEST(responses_request, what_is_the_gateways_own_is_told_and_not_sent) {
  const auto call = call_of(asked_with(
      R"("stream":true,"store":false,"background":true,"truncation":"auto","stream_options":{"include_obfuscation":false})"));
  EXPECT_TRUE(call.stream);
  EXPECT_FALSE(call.store);
  EXPECT_TRUE(call.background);
  EXPECT_TRUE(call.truncate);
  EXPECT_TRUE(call.lossy.empty());
  EXPECT_EQ(json::parse(call.body),
            json::parse(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],
                            "stream":true,"stream_options":{"include_usage":true}})"));
}

TEST(responses_request, goes_on_from_an_earlier_one_without_its_instructions) {
  const auto body = asked_with(R"("previous_response_id":"resp_1","instructions":"Be brief")");
  EXPECT_EQ(previous_response_of(body), "resp_1");
  known earlier;
  earlier.earlier = R"([{"role":"user","content":"a \u00e4"},{"role":"assistant","content":"b"}])";
  const auto call = call_of(body, earlier);
  EXPECT_EQ(
      call.body,
      R"({"model":"m","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"a \u00e4"},{"role":"assistant","content":"b"},{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(
      call.request.messages,
      R"({"role":"user","content":"a \u00e4"},{"role":"assistant","content":"b"},{"role":"user","content":"Hi"})");
  EXPECT_EQ(refused_field(body), "previous_response_id");
  EXPECT_EQ(previous_response_of(asked_with("")), "");
  EXPECT_EQ(previous_response_of(asked_with(R"("previous_response_id":null)")), "");
  EXPECT_EQ(refused_field(asked_with(R"("previous_response_id":7)")), "previous_response_id");
}

TEST(responses_request, results_may_be_those_of_calls_in_an_earlier_one) {
  known earlier;
  earlier.earlier =
      R"([{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[
          {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
          {"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},
          {"role":"tool","tool_call_id":"c2","content":"x"}])";
  const auto output = [](const std::string& id) {
    return R"({"model":"m","previous_response_id":"r","input":[{"type":"function_call_output","call_id":")" +
           id + R"(","output":"1"}]})";
  };
  EXPECT_EQ(chat_of(output("c1"), earlier)["messages"].back(),
            json::parse(R"({"role":"tool","tool_call_id":"c1","content":"1"})"));
  EXPECT_EQ(refused_field(output("c2"), earlier), "input[0].call_id");
}

TEST(responses_request, what_only_a_store_or_openai_has_is_refused_by_name) {
  for (const auto& [members, field] :
       {std::pair{R"("conversation":"conv_1")", "conversation"},
        std::pair{R"("conversation":{"id":"conv_1"})", "conversation"},
        std::pair{R"("prompt":{"id":"pmpt_1"})", "prompt"},
        std::pair{R"("instructions":7)", "instructions"}, std::pair{R"("stream":1)", "stream"},
        std::pair{R"("store":"no")", "store"}, std::pair{R"("background":0)", "background"},
        std::pair{R"("truncation":"middle")", "truncation"}})
    EXPECT_EQ(refused_field(asked_with(members)), field) << members;
  EXPECT_EQ(refused_field(R"({"input":"Hi"})"), "model");
  EXPECT_EQ(refused_field(R"({"model":7,"input":"Hi"})"), "model");
  EXPECT_EQ(refused_field(R"({"model":"m"})"), "input");
  EXPECT_EQ(refused_field(R"({"model":"m","input":7})"), "input");
  EXPECT_EQ(refused_field(R"({"model":"m","input":[]})"), "input");
  EXPECT_EQ(refused_field(R"({"model":"m","input":null})"), "input");
}

TEST(responses_request, what_is_not_heeded_is_named) {
  EXPECT_EQ(
      sorted(
          call_of(
              asked_with(
                  R"("include":["reasoning.encrypted_content"],"top_logprobs":2,"max_tool_calls":3,
                          "mood":1,"reasoning":{"summary":"auto"})"))
              .lossy),
      (names{"include", "max_tool_calls", "reasoning.summary", "top_logprobs", "unknown_fields"}));
  EXPECT_TRUE(call_of(asked_with(R"("include":[],"top_logprobs":0,"synapse":{"wait":true},
                                     "mood":null)"))
                  .lossy.empty());
}

} // namespace
} // namespace synapse::http::openai::responses
