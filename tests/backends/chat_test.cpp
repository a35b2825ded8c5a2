#include "tests/backends/hosted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

namespace synapse::backends::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto chat_path = "/v1/chat/completions";

json tools() {
  return json::parse(R"([{"type":"function","function":{"name":"get_weather","parameters":
    {"type":"object","properties":{"city":{"type":"string"},"unit":{"enum":["c","f"]}},
     "required":["city","unit"]}}}])");
}

std::vector<json> stream_of(hosted& router, const json& body, const char* path = chat_path) {
  auto got = router.post(path, body);
  EXPECT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.field("content-type"), "text/event-stream");
  EXPECT_EQ(got.field("transfer-encoding"), "chunked");
  EXPECT_TRUE(got.complete);
  auto events = events_of(got.body);
  EXPECT_EQ(events.back(), "[DONE]");
  events.pop_back();
  std::vector<json> out;
  for (const auto& each : events)
    out.push_back(json::parse(each));
  return out;
}

std::string text_of(const std::vector<json>& chunks) {
  std::string out;
  for (const auto& each : chunks)
    for (const auto& choice : each["choices"])
      if (choice["delta"].contains("content") && choice["delta"]["content"].is_string())
        out += choice["delta"]["content"];
  return out;
}

TEST(chat, answers_whole) {
  hosted router{quick_router()};
  auto got = router.post(chat_path, echo_chat("Hello there, you"));
  ASSERT_EQ(got.status, 200) << got.body;
  auto body = got.parsed();
  EXPECT_TRUE(
      std::regex_match(body["id"].get<std::string>(), std::regex("chatcmpl-[0-9A-Za-z]{32}")));
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["model"], "local-echo");
  EXPECT_TRUE(body["system_fingerprint"].is_string());
  auto choice = body["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "stop");
  EXPECT_EQ(choice["index"], 0);
  EXPECT_EQ(choice["message"].dump(), R"({"role":"assistant","content":"Hello there, you"})");
  EXPECT_FALSE(choice.contains("logprobs"));
  EXPECT_EQ(body["usage"]["completion_tokens"], 4);
  EXPECT_EQ(body["usage"]["total_tokens"].get<int>(),
            body["usage"]["prompt_tokens"].get<int>() + 4);
  EXPECT_EQ(body["timings"]["predicted_n"], 4);
}

TEST(chat, streams_in_llamas_order) {
  hosted router{quick_router()};
  auto chunks = stream_of(router, echo_chat("Grüße, one two", true));
  EXPECT_EQ(chunks.front()["choices"][0].dump(),
            R"({"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}})");
  EXPECT_EQ(text_of(chunks), "Grüße, one two");
  EXPECT_EQ(chunks.back()["choices"][0].dump(), R"({"finish_reason":"stop","index":0,"delta":{}})");
  for (const auto& each : chunks) {
    EXPECT_EQ(each["object"], "chat.completion.chunk");
    EXPECT_EQ(each["id"], chunks[0]["id"]);
    EXPECT_FALSE(each.contains("usage"));
    EXPECT_EQ(each.contains("timings"), &each == &chunks.back());
  }
}

TEST(chat, the_usage_chunk_comes_only_when_asked_for_and_takes_the_timings) {
  hosted router{quick_router()};
  auto body = echo_chat("one two", true);
  body["stream_options"] = {{"include_usage", true}};
  auto chunks = stream_of(router, body);
  EXPECT_TRUE(chunks.back()["choices"].empty());
  EXPECT_EQ(chunks.back()["usage"]["completion_tokens"], 2);
  EXPECT_TRUE(chunks.back().contains("timings"));
  EXPECT_EQ(chunks[chunks.size() - 2]["choices"][0]["finish_reason"], "stop");
  EXPECT_FALSE(chunks[chunks.size() - 2].contains("timings"));
}

TEST(chat, every_event_is_a_chunk_of_its_own) {
  hosted router{quick_router()};
  raw_client client{router.port()};
  client.send_request("POST", chat_path, echo_chat("a b c", true).dump());
  client.read_head();
  int events = 0;
  while (!client.read_event().empty())
    ++events;
  EXPECT_EQ(events, 6);                       // role, three tokens, finish, [DONE]
  EXPECT_EQ(client.chunk_sizes().size(), 7U); // and the last, empty one
}

TEST(chat, stops_at_the_token_limit_under_each_of_its_names) {
  hosted router{quick_router()};
  for (auto name : {"max_tokens", "max_completion_tokens", "n_predict"}) {
    auto body = echo_chat("one two three four");
    body[name] = 2;
    auto choice = router.post(chat_path, body).parsed()["choices"][0];
    EXPECT_EQ(choice["message"]["content"], "one two") << name;
    EXPECT_EQ(choice["finish_reason"], "length") << name;
  }
  auto none = echo_chat("one", true);
  none["max_tokens"] = 0;
  auto chunks = stream_of(router, none);
  EXPECT_EQ(text_of(chunks), "");
  EXPECT_EQ(chunks.back()["choices"][0]["finish_reason"], "length");
}

TEST(chat, stops_at_stop_strings) {
  hosted router{quick_router()};
  auto body = echo_chat("one two three four");
  body["stop"] = {"four", " thr"};
  auto choice = router.post(chat_path, body).parsed()["choices"][0];
  EXPECT_EQ(choice["message"]["content"], "one two");
  EXPECT_EQ(choice["finish_reason"], "stop");
  body["stop"] = " two";
  EXPECT_EQ(router.post(chat_path, body).parsed()["choices"][0]["message"]["content"], "one");
}

TEST(chat, gives_as_many_choices_as_there_are_slots) {
  hosted router{quick_router()};
  auto body = echo_chat("a b");
  body["n"] = 3;
  EXPECT_EQ(router.post(chat_path, body).parsed()["choices"].size(), 3U);
  body["n"] = 5;
  auto got = router.post(chat_path, body);
  EXPECT_EQ(got.status, 400);
  EXPECT_THAT(got.body, HasSubstr("number of slots"));
}

TEST(chat, joins_content_parts) {
  hosted router{quick_router()};
  auto body = echo_chat("");
  body["messages"][0]["content"] =
      json::parse(R"([{"type":"text","text":"one"},{"type":"text","text":"two"}])");
  EXPECT_EQ(router.post(chat_path, body).parsed()["choices"][0]["message"]["content"], "one\ntwo");
}

TEST(chat, refuses_bad_messages_with_llamas_texts) {
  hosted router{quick_router()};
  auto bad = [&](const char* messages, const std::string& text) {
    json body = {{"model", "local-echo"}};
    if (*messages)
      body["messages"] = json::parse(messages);
    expect_error(router.post(chat_path, body), 400, "invalid_request_error", text);
  };
  bad("", "'messages' is required");
  bad("{}", "Expected 'messages' to be an array");
  bad(R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"},
          {"role":"assistant","content":"c"}])",
      "Cannot have 2 or more assistant messages at the end of the list.");
  bad(R"([{"role":"user","content":[{"type":"hologram"}]}])", "unsupported content[].type");
  bad(R"([{"role":"user"}])", "All non-assistant messages must contain 'content'");
  bad(R"([{"content":"x"}])", "Missing 'role' in message");
}

TEST(chat, a_picture_is_a_server_error_without_a_projector) {
  hosted router{quick_router()};
  auto body = echo_chat("");
  body["messages"][0]["content"] =
      json::parse(R"([{"type":"image_url","image_url":{"url":"data:,"}}])");
  auto got = router.post(chat_path, body);
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(got.body, HasSubstr("image input is not supported"));
}

TEST(chat, refuses_logprobs_with_tools_in_a_stream) {
  hosted router{quick_router()};
  auto body = echo_chat("x", true);
  body["logprobs"] = true;
  body["tools"] = tools();
  EXPECT_EQ(router.post(chat_path, body).status, 400);
  body.erase("tools");
  body["stream"] = false;
  auto logprobs = router.post(chat_path, body).parsed()["choices"][0]["logprobs"]["content"];
  EXPECT_EQ(logprobs[0]["token"], "x");
  EXPECT_EQ(logprobs[0]["bytes"].dump(), "[120]");
}

TEST(chat, a_prompt_beyond_the_context_is_refused_with_numbers) {
  auto options = quick_router();
  options.pool.ctx_size = 64;
  hosted router{options};
  auto got = router.post(chat_path, echo_chat(std::string(1000, 'x')));
  EXPECT_EQ(got.status, 400);
  auto error = got.parsed()["error"];
  EXPECT_EQ(error["type"], "exceed_context_size_error");
  EXPECT_EQ(error["code"], 400);
  EXPECT_EQ(error["n_ctx"], 64);
  auto count = error["n_prompt_tokens"].get<int>();
  EXPECT_GT(count, 64);
  EXPECT_EQ(error["message"], "request (" + std::to_string(count) +
                                  " tokens) exceeds the available context size (64 tokens), try "
                                  "increasing it");
}

TEST(chat, an_answer_ends_where_the_context_ends) {
  auto options = quick_router();
  options.pool.ctx_size = 64;
  hosted router{options};
  std::string text = "w";
  for (int i = 0; i < 34; ++i)
    text += " w";
  auto body = router.post(chat_path, echo_chat(text)).parsed();
  ASSERT_TRUE(body.contains("usage")) << body.dump();
  EXPECT_EQ(body["usage"]["total_tokens"], 64);
  EXPECT_EQ(body["choices"][0]["finish_reason"], "length");
}

TEST(chat, knows_the_part_of_a_prompt_it_saw_before) {
  auto options = quick_router();
  options.pool.parallel = 1;
  hosted router{options};
  auto first = router.post(chat_path, echo_chat("the same beginning, first end")).parsed();
  EXPECT_EQ(first["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
  auto second = router.post(chat_path, echo_chat("the same beginning, other end")).parsed();
  auto cached = second["timings"]["cache_n"].get<int>();
  EXPECT_GT(cached, 5);
  EXPECT_LT(cached, second["usage"]["prompt_tokens"].get<int>());
  EXPECT_EQ(second["timings"]["prompt_n"].get<int>() + cached,
            second["usage"]["prompt_tokens"].get<int>());
}

TEST(chat, calls_a_tool_when_it_must) {
  hosted router{quick_router()};
  auto body = echo_chat("Oslo");
  body["tools"] = tools();
  EXPECT_EQ(router.post(chat_path, body).parsed()["choices"][0]["finish_reason"], "stop");
  body["tool_choice"] = "required";
  auto choice = router.post(chat_path, body).parsed()["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_TRUE(choice["message"]["content"].is_null());
  auto call = choice["message"]["tool_calls"][0];
  EXPECT_EQ(call["type"], "function");
  EXPECT_EQ(call["function"]["name"], "get_weather");
  EXPECT_EQ(call["function"]["arguments"], R"({"city":"Oslo","unit":"c"})");
  EXPECT_FALSE(call["id"].get<std::string>().empty());
}

TEST(chat, streams_a_tool_call_in_pieces) {
  hosted router{quick_router()};
  auto body = echo_chat("Oslo", true);
  body["tools"] = tools();
  body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "get_weather"}}}};
  auto chunks = stream_of(router, body);
  auto first = chunks[1]["choices"][0]["delta"]["tool_calls"][0];
  EXPECT_EQ(first["index"], 0);
  EXPECT_EQ(first["type"], "function");
  EXPECT_EQ(first["function"].dump(), R"({"name":"get_weather","arguments":""})");
  std::string arguments;
  for (std::size_t i = 2; i + 1 < chunks.size(); ++i) {
    auto call = chunks[i]["choices"][0]["delta"]["tool_calls"][0];
    EXPECT_FALSE(call.contains("id"));
    EXPECT_FALSE(call["function"].contains("name"));
    arguments += call["function"]["arguments"];
  }
  EXPECT_EQ(arguments, R"({"city":"Oslo","unit":"c"})");
  EXPECT_EQ(chunks.back()["choices"][0]["finish_reason"], "tool_calls");
}

TEST(chat, a_tool_nobody_offered_cannot_be_forced) {
  hosted router{quick_router()};
  auto body = echo_chat("Oslo");
  body["tools"] = tools();
  body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "launch"}}}};
  EXPECT_EQ(router.post(chat_path, body).status, 400);
}

TEST(chat, answers_in_the_wanted_json) {
  hosted router{quick_router()};
  auto body = echo_chat("hi");
  body["response_format"] = json::parse(R"({"type":"json_schema","json_schema":{"schema":
    {"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}})");
  EXPECT_EQ(router.post(chat_path, body).parsed()["choices"][0]["message"]["content"],
            R"({"n":0})");
  body["response_format"] = {{"type", "poem"}};
  EXPECT_EQ(router.post(chat_path, body).status, 400);
}

TEST(chat, extra_fields_of_llama_are_honoured) {
  hosted router{quick_router()};
  auto body = echo_chat("a b", true);
  body["timings_per_token"] = true;
  body["return_progress"] = true;
  auto chunks = stream_of(router, body);
  EXPECT_TRUE(chunks[0].contains("prompt_progress"));
  EXPECT_TRUE(chunks[2].contains("timings"));
}

TEST(chat, comments_fill_the_silence) {
  auto options = quick_router();
  options.speed.ping_interval = milliseconds(5);
  options.speed.first_token = std::chrono::hours(1);
  hosted router{options};
  raw_client client{router.port()};
  client.send_request("POST", chat_path, echo_chat("a", true).dump());
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(client.read_block(), ":");
  EXPECT_EQ(client.read_block(), ":");
}

TEST(chat, tokens_come_at_the_wanted_pace) {
  auto options = quick_router();
  options.speed.tokens_per_second = 100;
  hosted router{options};
  auto begin = std::chrono::steady_clock::now();
  router.post(chat_path, echo_chat("a b c d e f g h i j"));
  auto taken = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(taken, milliseconds(99));
}

TEST(completions, answer_in_their_own_shape) {
  hosted router{quick_router()};
  json body = {{"model", "local-echo"}, {"prompt", "one two three"}, {"max_tokens", 2}};
  auto got = router.post("/v1/completions", body).parsed();
  EXPECT_EQ(got["object"], "text_completion");
  EXPECT_EQ(got["id"].get<std::string>().rfind("chatcmpl-", 0), 0U);
  EXPECT_EQ(got["choices"][0].dump(),
            R"({"text":"one two","index":0,"logprobs":null,"finish_reason":"length"})");
  body["prompt"] = {"first", "second"};
  auto choices = router.post("/v1/completions", body).parsed()["choices"];
  EXPECT_EQ(choices[1]["text"], "second");
  EXPECT_EQ(choices[1]["index"], 1);
  body.erase("prompt");
  EXPECT_EQ(router.post("/v1/completions", body).status, 400);
}

TEST(completions, stream_until_done) {
  hosted router{quick_router()};
  json body = {{"model", "local-echo"}, {"prompt", "one two"}, {"stream", true}};
  auto chunks = stream_of(router, body, "/v1/completions");
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[0]["choices"][0]["text"], "one");
  EXPECT_TRUE(chunks[0]["choices"][0]["finish_reason"].is_null());
  EXPECT_EQ(chunks[2]["choices"][0]["finish_reason"], "stop");
}

TEST(native_completion, has_its_own_shape_and_no_done) {
  hosted router{quick_router()};
  json body = {{"model", "local-echo"}, {"prompt", "one two END three"}, {"stop", {" END"}}};
  auto whole = router.post("/completion", body).parsed();
  EXPECT_EQ(whole["content"], "one two");
  EXPECT_EQ(whole["stop"], true);
  EXPECT_EQ(whole["stop_type"], "word");
  EXPECT_EQ(whole["stopping_word"], " END");
  EXPECT_EQ(whole["tokens_predicted"], 2);
  EXPECT_EQ(whole["prompt"], "one two END three");
  body["stream"] = true;
  body["return_tokens"] = true;
  auto got = router.post("/completion", body);
  EXPECT_TRUE(got.complete);
  auto events = events_of(got.body);
  ASSERT_EQ(events.size(), 3U);
  auto first = json::parse(events[0]);
  EXPECT_EQ(first["content"], "one");
  EXPECT_EQ(first["stop"], false);
  EXPECT_EQ(first["tokens"].size(), 1U);
  EXPECT_EQ(json::parse(events[2])["stop"], true);
}

TEST(templates, are_rendered_and_counted) {
  hosted router{quick_router()};
  auto body = echo_chat("hi");
  EXPECT_EQ(router.post("/apply-template", body).parsed()["prompt"],
            "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  auto counted = router.post("/v1/chat/completions/input_tokens", body).parsed();
  EXPECT_EQ(counted["object"], "response.input_tokens");
  EXPECT_EQ(counted["input_tokens"],
            router.post(chat_path, body).parsed()["usage"]["prompt_tokens"]);
}

} // namespace
} // namespace synapse::backends::test
