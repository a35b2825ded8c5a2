// Ollama servers, asked in their own dialect: what OpenAI's clients see of them.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::deployed {
namespace {

using nlohmann::json;

std::string line_of(const json& message, bool done = false) {
  json line{{"model", "own"}, {"message", message}, {"done", done}};
  if (done)
    line.update({{"done_reason", "stop"}, {"prompt_eval_count", 7}, {"eval_count", 2}});
  return line.dump();
}

std::string says(std::string_view text) {
  return line_of({{"role", "assistant"}, {"content", text}}) + "\n";
}

const std::string lines_head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string last_line = line_of({{"role", "assistant"}, {"content", ""}}, true) + "\n";

/// An Ollama server, and one that speaks OpenAI's dialect and comes next.
struct ollama_bed {
  explicit ollama_bed(deed native, std::string_view more = "", std::string_view of_deployment = "")
      : own("own", std::move(native)), other("other", answer_with("other")),
        gateway(config_of(
            {{"own", own.url(), ", type: ollama" + std::string{more}}, {"other", other.url(), ""}},
            "catalog:\n  m: {deployments: [{backend: own, model: \"llama:8b\"" +
                std::string{of_deployment} + "}, {backend: other, model: y, order: 2}]}\n")) {}
  model_server own;
  model_server other;
  gateway_process gateway;
};

TEST(ollama_deployment, answers_a_chat_in_openai_s_form) {
  const ollama_bed bed{
      answer_status(200, line_of({{"role", "assistant"}, {"content", "Hi"}}, true)),
      ", keep_alive: 10m", ", context: 4096"};
  const auto reply = chat(bed.gateway);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(content_of(reply), "Hi");
  const auto body = json::parse(reply.body);
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(body["usage"]["completion_tokens"], 2);
  EXPECT_EQ(reply.field("X-Synapse-Model"), "llama:8b");
  const auto sent = bed.own.requests().at(0);
  EXPECT_EQ(sent.target, "/api/chat");
  const auto asked = json::parse(sent.body);
  EXPECT_EQ(asked["model"], "llama:8b");
  EXPECT_EQ(asked["options"]["num_ctx"], 4096);
  EXPECT_EQ(asked["stream"], false);
  expect_at_rest(bed.gateway, {"own", "other"});
}

TEST(ollama_deployment, streams_a_chat_as_events) {
  const ollama_bed bed{[](upstream_connection& connection, const upstream_request&) {
    return connection.send(lines_head + chunk(says("Hel")) + chunk(says("lo")) + chunk(last_line) +
                           "0\r\n\r\n");
  }};
  const auto reply = chat(bed.gateway, "", "m", true);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_TRUE(reply.field("Content-Type").starts_with("text/event-stream"));
  EXPECT_EQ(content_of(reply), "Hello");
  EXPECT_TRUE(reply.body.ends_with("data: [DONE]\n\n")) << reply.body;
  EXPECT_EQ(bed.other.asked(), 0U);
}

TEST(ollama_deployment, passes_tools_and_their_calls_on) {
  const json call{{"function", {{"name", "f"}, {"arguments", {{"a", 1}}}}}};
  const ollama_bed bed{answer_status(
      200, line_of({{"role", "assistant"}, {"content", ""}, {"tool_calls", {call, call}}}, true))};
  const auto reply = bed.gateway.post(
      chat_path,
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function",)"
      R"("function":{"name":"f","parameters":{"type":"object"}}}]})",
      "Content-Type: application/json\r\n");
  EXPECT_TRUE(reply.ok()) << reply.body;
  const auto choice = json::parse(reply.body)["choices"][0];
  ASSERT_EQ(choice["message"]["tool_calls"].size(), 2U) << reply.body;
  EXPECT_EQ(
      json::parse(choice["message"]["tool_calls"][0]["function"]["arguments"].get<std::string>()),
      (json{{"a", 1}}));
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_EQ(json::parse(bed.own.requests()[0].body)["tools"][0]["function"]["name"], "f");
}

TEST(ollama_deployment, embeds) {
  const ollama_bed bed{
      answer_status(200, R"({"embeddings":[[0.5,1],[2,3]],"prompt_eval_count":4,"model":"own"})")};
  const auto reply = bed.gateway.post("/v1/embeddings", R"({"model":"m","input":["a","b"]})",
                                      "Content-Type: application/json\r\n");
  EXPECT_TRUE(reply.ok()) << reply.body;
  const auto body = json::parse(reply.body);
  ASSERT_EQ(body["data"].size(), 2U);
  EXPECT_EQ(body["data"][1]["embedding"], (json{2, 3}));
  EXPECT_EQ(bed.own.requests()[0].target, "/api/embed");
}

// ---- errors ----

TEST(ollama_deployment, an_error_before_content_leads_to_the_next_one) {
  const auto error_line =
      std::string{R"({"error":"model runner has unexpectedly stopped"})"} + "\n";
  for (const auto& bytes :
       {answer_bytes(500, error_line), lines_head + chunk(error_line) + "0\r\n\r\n", lines_head,
        std::string{}}) {
    for (const bool stream : {false, true}) {
      const ollama_bed bed{send_and_close(bytes)};
      const auto reply = chat(bed.gateway, "", "m", stream);
      EXPECT_TRUE(reply.ok()) << bytes << "\n" << reply.head << reply.body;
      EXPECT_TRUE(content_of(reply).starts_with("other")) << reply.body;
      EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
    }
  }
}

TEST(ollama_deployment, an_error_within_a_stream_ends_it_without_a_good_end) {
  gate seen;
  const ollama_bed bed{[&](upstream_connection& connection, const upstream_request&) {
    connection.send(lines_head + chunk(says("Hel")));
    seen.wait();
    connection.send(chunk(R"({"error":"an error was encountered"})"
                          "\n") +
                    "0\r\n\r\n");
    return false;
  }};
  auto client = bed.gateway.connect();
  client.send(
      request_bytes("POST", chat_path, chat_body("m", true), "Content-Type: application/json\r\n"));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, "Hel"));
  seen.open();
  client.read_rest(reply);
  EXPECT_FALSE(reply.complete());
  EXPECT_EQ(reply.body.find("[DONE]"), std::string::npos);
  EXPECT_NE(reply.body.find("an error was encountered"), std::string::npos) << reply.body;
  EXPECT_EQ(bed.other.asked(), 0U);
}

TEST(ollama_deployment, tells_its_errors_in_openai_s_form) {
  model_server own{"own", answer_status(400, R"({"error":"this does not support tools"})")};
  const gateway_process gateway{
      config_of({{"own", own.url(), ", type: ollama"}},
                "catalog:\n  m: {deployments: [{backend: own, model: x}]}\n")};
  for (const bool stream : {false, true}) {
    const auto reply = chat(gateway, "", "m", stream);
    EXPECT_EQ(reply.status, 400U) << reply.body;
    const auto body = json::parse(reply.body);
    ASSERT_TRUE(body["error"].is_object()) << reply.body;
    EXPECT_NE(body["error"]["message"].get<std::string>().find("does not support tools"),
              std::string::npos);
    EXPECT_EQ(reply.field("X-Synapse-Deployment"), "own/x");
  }
}

TEST(ollama_deployment, what_it_cannot_be_asked_for_is_told_with_the_field) {
  model_server own{"own", answer_with("never")};
  const gateway_process gateway{
      config_of({{"own", own.url(), ", type: ollama"}},
                "catalog:\n  m: {deployments: [{backend: own, model: x}]}\n")};
  const auto reply =
      gateway.post(chat_path, R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":3})",
                   "Content-Type: application/json\r\n");
  EXPECT_EQ(reply.status, 400U) << reply.body;
  EXPECT_EQ(json::parse(reply.body)["error"]["param"], "n");
  EXPECT_EQ(own.asked(), 0U);
}

TEST(ollama_deployment, what_it_cannot_be_asked_for_goes_to_one_that_can) {
  const ollama_bed bed{answer_with("never")};
  const auto reply = bed.gateway.post(
      chat_path, R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":3})",
      "Content-Type: application/json\r\n");
  EXPECT_EQ(content_of(reply), "other");
  EXPECT_EQ(bed.own.asked(), 0U);
}

TEST(ollama_deployment, a_prompt_that_was_cut_is_told) {
  json line = json::parse(line_of({{"role", "assistant"}, {"content", "Hi"}}, true));
  model_server own{"own", answer_status(200, line.dump())};
  const gateway_process gateway{
      config_of({{"own", own.url(), ", type: ollama"}},
                "catalog:\n  m: {deployments: [{backend: own, model: x, context: 2048}]}\n")};
  const auto ask = [&](std::size_t bytes, std::int64_t counted, bool stream = false) {
    line["prompt_eval_count"] = counted;
    own.now([text = line.dump(), stream](upstream_connection& connection, const upstream_request&) {
      return stream ? connection.send(lines_head + chunk(text + "\n") + "0\r\n\r\n")
                    : connection.reply(200, text);
    });
    return gateway.post(chat_path, chat_body("m", stream, std::string(bytes, 'x')),
                        "Content-Type: application/json\r\n");
  };
  const auto cut = ask(20'000, 2048);
  EXPECT_EQ(cut.status, 200U) << cut.body;
  EXPECT_EQ(content_of(cut), "Hi");
  EXPECT_EQ(cut.field("X-Synapse-Warning"), "truncated") << cut.head;
  EXPECT_EQ(cut.field("X-Synapse-Attempts"), "1");
  const auto sent = json::parse(own.requests().at(0).body);
  EXPECT_EQ(sent["options"]["num_ctx"], 2048) << "what it is judged by";
  EXPECT_EQ(ask(20'000, 5'000).field("X-Synapse-Warning"), "") << "all was read";
  EXPECT_EQ(ask(6'000, 100).field("X-Synapse-Warning"), "") << "it fits: the rest was cached";
  const auto stream = ask(20'000, 2048, true);
  EXPECT_EQ(content_of(stream), "Hi");
  EXPECT_TRUE(stream.ok()) << "its counts come behind the head";
  expect_at_rest(gateway, {"own"});
}

TEST(ollama_deployment, a_prompt_that_was_cut_is_told_by_what_the_server_says_it_has_loaded) {
  json line = json::parse(line_of({{"role", "assistant"}, {"content", "Hi"}}, true));
  line["prompt_eval_count"] = 2048;
  scripted_upstream own{[text = line.dump()](upstream_connection& connection) {
    while (const auto request = connection.read_request(milliseconds{600'000})) {
      std::string answer = text;
      if (request->target == "/api/show")
        answer = "{}";
      else if (request->target == "/api/tags")
        answer = R"({"models":[{"name":"x","model":"x"}]})";
      else if (request->target == "/api/ps")
        answer = R"({"models":[{"name":"x","model":"x","context_length":2048,"size":1}]})";
      else if (request->method == "GET")
        answer = R"({"version":"0.9.0"})";
      if (!connection.reply(200, answer))
        return;
    }
  }};
  const gateway_process gateway{
      config_of({{"own", own.url(), ", type: ollama"}},
                "catalog:\n  m: {deployments: [{backend: own, model: x}]}\n")};
  EXPECT_TRUE(wait_until([&] {
    return gateway.get("/v1/models").body.find(R"("context":2048)") != std::string::npos;
  })) << gateway.get("/v1/models").body;
  const auto reply = gateway.post(chat_path, chat_body("m", false, std::string(20'000, 'x')),
                                  "Content-Type: application/json\r\n");
  EXPECT_EQ(content_of(reply), "Hi") << reply.body;
  EXPECT_EQ(reply.field("X-Synapse-Warning"), "truncated") << reply.head;
}

} // namespace
} // namespace synapse::deployed
