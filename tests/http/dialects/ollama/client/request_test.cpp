#include "http/dialects/ollama/client/request.hpp"
#include "tests/http/dialects/ollama/client/requests.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace synapse::http::ollama::client {
namespace {

using names = std::vector<std::string_view>;
names sorted(names all) {
  std::sort(all.begin(), all.end());
  return all;
}

TEST(ollama_client_request, a_chat_is_a_stream_unless_it_says_otherwise) {
  const auto stream = call_of(route::chat, chat_with(""));
  EXPECT_EQ(stream.path, "/v1/chat/completions");
  EXPECT_TRUE(stream.stream);
  EXPECT_EQ(json::parse(stream.body),
            json::parse(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],
                            "stream":true,"stream_options":{"include_usage":true}})"));
  EXPECT_TRUE(call_of(route::chat, chat_with(R"("stream":null)")).stream);
  const auto whole = call_of(route::chat, chat_with(R"("stream":false)"));
  EXPECT_FALSE(whole.stream);
  EXPECT_EQ(json::parse(whole.body),
            json::parse(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],
                            "stream":false})"));
  EXPECT_TRUE(whole.lossy.empty());
}

TEST(ollama_client_request, a_prompt_is_asked_as_a_chat_so_that_the_template_is_applied) {
  const auto call = call_of(
      route::generate, prompt_with(R"("system":"Be \"brief\"","images":["\/9j\/AA=="],"raw":false,
                                      "template":"","context":[],"stream":false,"think":"low")"));
  EXPECT_EQ(call.path, "/v1/chat/completions");
  EXPECT_EQ(call.kind, answer_kind::chat);
  EXPECT_EQ(json::parse(call.body),
            json::parse(R"({"model":"m","messages":[{"role":"system","content":"Be \"brief\""},
              {"role":"user","content":[{"type":"text","text":"Once"},{"type":"image_url",
               "image_url":{"url":"data:image/jpeg;base64,/9j/AA=="}}]}],
              "reasoning_effort":"low","stream":false})"));
  EXPECT_TRUE(call.lossy.empty());
}

TEST(ollama_client_request, a_raw_prompt_and_one_with_a_suffix_are_completions) {
  const auto raw =
      call_of(route::generate, prompt_with(R"("raw":true,"options":{"num_predict":5})"));
  EXPECT_EQ(raw.path, "/v1/completions");
  EXPECT_EQ(raw.kind, answer_kind::completion);
  EXPECT_EQ(json::parse(raw.body),
            json::parse(R"({"model":"m","prompt":"Once","max_tokens":5,"stream":true,
                            "stream_options":{"include_usage":true}})"));
  const auto filled =
      call_of(route::generate,
              prompt_with(R"("suffix":"the end","system":"left out there as well","think":true)"));
  EXPECT_EQ(filled.path, "/v1/completions");
  EXPECT_EQ(json::parse(filled.body)["suffix"], "the end");
  EXPECT_EQ(sorted(filled.lossy), (names{"system", "think"}));
}

TEST(ollama_client_request, what_only_ollama_can_do_with_a_prompt_is_refused) {
  for (const auto& [members, field] :
       {std::pair{R"("template":"{{ .Prompt }}")", "template"},
        std::pair{R"("context":[1,2])", "context"}, std::pair{R"("context":{})", "context"},
        std::pair{R"("raw":true,"system":"s")", "system"},
        std::pair{R"("raw":true,"images":["iVBO"])", "images"},
        std::pair{R"("suffix":"s","images":["iVBO"])", "images"}, std::pair{R"("raw":1)", "raw"},
        std::pair{R"("suffix":1)", "suffix"}, std::pair{R"("system":[])", "system"},
        std::pair{R"("images":"iVBO")", "images"}, std::pair{R"("images":["no!"])", "images[0]"},
        std::pair{R"("stream":"yes")", "stream"}})
    EXPECT_EQ(refused_field(route::generate, prompt_with(members)), field) << members;
  EXPECT_EQ(refused_field(route::generate, R"({"model":"m","prompt":7})"), "prompt");
}

TEST(ollama_client_request, texts_to_embed_stay_as_they_are) {
  const auto call = call_of(route::embed, R"({"model":"m","input":["a\u00e4", ""],"dimensions":64,
                                              "truncate":true,"keep_alive":"10m","options":{}})");
  EXPECT_EQ(call.path, "/v1/embeddings");
  EXPECT_FALSE(call.stream);
  EXPECT_EQ(call.inputs, 2U);
  EXPECT_EQ(call.body,
            R"({"model":"m","input":["a\u00e4", ""],"encoding_format":"float","dimensions":64})");
  EXPECT_EQ(call.lossy, names{"truncate"});
  const auto one = call_of(route::embed, R"({"model":"m","input":"a","options":{"num_ctx":9}})");
  EXPECT_EQ(one.inputs, 1U);
  EXPECT_EQ(one.lossy, names{"options"});
  const auto old = call_of(route::embeddings, R"({"model":"m","prompt":"a"})");
  EXPECT_EQ(old.inputs, 1U);
  EXPECT_EQ(json::parse(old.body),
            json::parse(R"({"model":"m","input":"a","encoding_format":"float"})"));
}

TEST(ollama_client_request, other_things_to_embed_are_refused) {
  for (const auto* input : {"7", "[1,2]", R"(["a",[1]])", "{}", "true"})
    EXPECT_EQ(refused_field(route::embed, R"({"model":"m","input":)" + std::string{input} + "}"),
              "input")
        << input;
  for (const auto* bad : {"-1", "0.5", "\"8\"", "3000000000"})
    EXPECT_EQ(refused_field(route::embed,
                            R"({"model":"m","input":"a","dimensions":)" + std::string{bad} + "}"),
              "dimensions")
        << bad;
  EXPECT_EQ(refused_field(route::embeddings, R"({"model":"m","prompt":["a"]})"), "prompt");
}

TEST(ollama_client_request, one_that_asks_nothing_only_loads_the_model_or_lets_it_go) {
  const auto unloads = [](route by, const std::string& members) {
    const auto made = request_of(by, R"({"model":"m")" + members + "}");
    const auto* load = std::get_if<load_only>(&made);
    EXPECT_NE(load, nullptr) << members;
    return load != nullptr && load->unload;
  };
  EXPECT_FALSE(unloads(route::chat, ""));
  EXPECT_FALSE(unloads(route::chat, R"(,"messages":[ ])"));
  EXPECT_FALSE(unloads(route::chat, R"(,"messages":null,"keep_alive":-1)"));
  EXPECT_FALSE(unloads(route::generate, R"(,"prompt":"","keep_alive":"1h30m")"));
  EXPECT_FALSE(unloads(route::embed, R"(,"input":[])"));
  EXPECT_FALSE(unloads(route::embed, R"(,"input":"")"));
  EXPECT_FALSE(unloads(route::embeddings, R"(,"prompt":"")"));
  for (const auto* zero : {"0", "0.0", "\"0\"", "\"0s\"", "\"0h0m\""})
    EXPECT_TRUE(unloads(route::chat, R"(,"keep_alive":)" + std::string{zero})) << zero;
}

TEST(ollama_client_request, how_long_to_keep_a_model_is_read_and_left_to_the_backend) {
  for (const auto* good : {"0", "-1", "300", "1.5", "\"10m\"", "\"1h30m\"", "\"-1m\"", "\"1.5h\"",
                           "\"500ms\"", "null"}) {
    const auto call = call_of(route::chat, chat_with(R"("keep_alive":)" + std::string{good}));
    EXPECT_TRUE(call.lossy.empty()) << good;
    EXPECT_FALSE(json::parse(call.body).contains("keep_alive"));
  }
  for (const auto* bad : {"true", "\"\"", "\"10\"", "\"m\"", "\"10m \"", "\"--1m\"", "[]", "{}",
                          "\"1e3s\"", "\"1m-1s\""})
    EXPECT_EQ(refused_field(route::chat, chat_with(R"("keep_alive":)" + std::string{bad})),
              "keep_alive")
        << bad;
}

TEST(ollama_client_request, bad_members_are_refused_by_name_on_every_route) {
  for (const auto by : {route::chat, route::generate, route::embed, route::embeddings}) {
    EXPECT_EQ(refused_field(by, R"({"messages":[],"prompt":"a","input":"a"})"), "model");
    EXPECT_EQ(refused_field(by, R"({"model":"","prompt":"a","input":"a"})"), "model");
    EXPECT_EQ(refused_field(by, R"({"model":7,"prompt":"a","input":"a"})"), "model");
    EXPECT_EQ(refused_field(by, R"({"model":"m","truncate":"no"})"), "truncate");
    EXPECT_EQ(refused_field(by, R"({"model":"m","shift":0})"), "shift");
  }
  for (const auto& [members, field] :
       {std::pair{R"("messages":{})", "messages"}, std::pair{R"("messages":"Hi")", "messages"},
        std::pair{R"("tools":{})", "tools"}, std::pair{R"("stream":1)", "stream"},
        std::pair{R"("logprobs":true)", "logprobs"}, std::pair{R"("logprobs":1)", "logprobs"}})
    EXPECT_EQ(refused_field(route::chat, chat_with(members)), field) << members;
}

TEST(ollama_client_request, what_nobody_knows_is_lossy_under_one_name) {
  EXPECT_EQ(sorted(call_of(route::chat, chat_with(R"("mood":"good","x":1,"top_logprobs":3,
                                                     "_debug_render_only":false)"))
                       .lossy),
            (names{"top_logprobs", "unknown_fields"}));
  EXPECT_TRUE(
      call_of(route::chat, chat_with(R"("synapse":{"wait":true},"mood":"")")).lossy.empty());
}

TEST(ollama_client_request, errors_have_one_text) {
  EXPECT_EQ(error_body("a \"b\""), R"({"error":"a \"b\""})");
  EXPECT_EQ(error_body(unfit{"model", "is required"}), R"({"error":"model is required"})");
  EXPECT_EQ(error_body_of(
                R"({"error":{"message":"too long","type":"invalid_request_error","param":null}})"),
            R"({"error":"too long"})");
  EXPECT_EQ(error_body_of("Bad Gateway\n"), R"({"error":"Bad Gateway"})");
  EXPECT_EQ(unknown_model("a'b"), R"({"error":"model 'a'b' not found"})");
}

} // namespace
} // namespace synapse::http::ollama::client
