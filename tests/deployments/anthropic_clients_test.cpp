// Clients of Anthropic's Messages API, served by servers that speak OpenAI's dialect and by Ollama
// servers.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::deployed {
namespace {

using nlohmann::json;

const std::string json_type = "Content-Type: application/json\r\nanthropic-version: 2023-06-01\r\n";

struct anthropic_client_bed {
  anthropic_client_bed(deed first_deed, std::string_view type)
      : first("first", std::move(first_deed)), next("next", answer_with("next")),
        gateway(config_of(
            {{"first", first.url(), ", type: " + std::string{type}}, {"next", next.url(), ""}},
            "catalog:\n  m: {deployments: [{backend: first, model: \"its:8b\"}, "
            "{backend: next, model: y, order: 2}]}\n")) {}
  static std::string body(bool stream, std::string_view more = "") {
    return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"stream":)" +
           std::string{stream ? "true" : "false"} + std::string{more} + "}";
  }
  http_reply ask(bool stream, std::string_view more = "") const {
    return gateway.post("/v1/messages", body(stream, more), json_type);
  }
  model_server first;
  model_server next;
  gateway_process gateway;
};

/// All that the text blocks of an answer say, or of a stream's deltas.
std::string message_text(const http_reply& reply) {
  std::string text;
  if (reply.field("Content-Type").starts_with("application/json")) {
    const auto message = json::parse(reply.body);
    for (const auto& block : message["content"])
      text += block.value("text", "");
    return text;
  }
  for (std::size_t at = reply.body.find("data: "); at != std::string::npos;
       at = reply.body.find("data: ", at + 1)) {
    const auto data = json::parse(reply.body.substr(at + 6, reply.body.find('\n', at) - at - 6));
    if (data["type"] == "content_block_delta")
      text += data["delta"].value("text", "");
  }
  return text;
}

std::string ollama_line(std::string_view text, bool done) {
  json line{{"message", {{"role", "assistant"}, {"content", text}}}, {"done", done}};
  if (done)
    line.update({{"done_reason", "stop"}, {"prompt_eval_count", 7}, {"eval_count", 2}});
  return line.dump() + "\n";
}

TEST(anthropic_client, gets_a_message_of_an_openai_server) {
  const anthropic_client_bed bed{answer_with("Hello"), "openai-compatible"};
  const auto reply = bed.ask(false, R"(,"system":"be brief","new_thing":{"a":1})");
  EXPECT_TRUE(reply.ok()) << reply.body;
  const auto body = json::parse(reply.body);
  EXPECT_EQ(body["type"], "message");
  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(message_text(reply), "Hello");
  EXPECT_EQ(body["stop_reason"], "end_turn");
  EXPECT_EQ(body["usage"]["input_tokens"], 3);
  EXPECT_EQ(body["usage"]["output_tokens"], 2);
  EXPECT_EQ(reply.field("request-id"), reply.field("X-Request-Id"));
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), "first/its:8b");
  EXPECT_EQ(reply.field("X-Synapse-Lossy"), "unknown_fields");
  const auto sent = bed.first.requests().at(0);
  EXPECT_EQ(sent.target, chat_path);
  const auto asked = json::parse(sent.body);
  EXPECT_EQ(asked["model"], "its:8b");
  EXPECT_EQ(asked["messages"][0]["role"], "system");
  expect_at_rest(bed.gateway, {"first", "next"});
}

TEST(anthropic_client, gets_a_stream_of_an_openai_server) {
  const anthropic_client_bed bed{answer_with("Hello"), "openai-compatible"};
  const auto reply = bed.ask(true);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_TRUE(reply.field("Content-Type").starts_with("text/event-stream"));
  EXPECT_EQ(message_text(reply), "Hello!");
  EXPECT_TRUE(reply.body.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"))
      << reply.body;
}

TEST(anthropic_client, gets_an_ollama_server_s_answers) {
  const anthropic_client_bed whole{answer_status(200, ollama_line("Hello", true)), "ollama"};
  const auto message = whole.ask(false);
  EXPECT_TRUE(message.ok()) << message.body;
  EXPECT_EQ(message_text(message), "Hello");
  EXPECT_EQ(json::parse(message.body)["usage"]["input_tokens"], 7);
  EXPECT_EQ(whole.first.requests().at(0).target, "/api/chat");
  const anthropic_client_bed stream{
      [](upstream_connection& connection, const upstream_request&) {
        return connection.send(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: "
            "chunked\r\n\r\n" +
            chunk(ollama_line("Hel", false)) + chunk(ollama_line("lo", false)) +
            chunk(ollama_line("", true)) + "0\r\n\r\n");
      },
      "ollama"};
  const auto events = stream.ask(true);
  EXPECT_TRUE(events.ok()) << events.body;
  EXPECT_EQ(message_text(events), "Hello");
  EXPECT_NE(events.body.find(R"("input_tokens":7)"), std::string::npos) << events.body;
  EXPECT_NE(events.body.find("event: message_stop"), std::string::npos);
  expect_at_rest(stream.gateway, {"first", "next"});
}

TEST(anthropic_client, gets_each_event_as_soon_as_it_is_there) {
  gate seen;
  const anthropic_client_bed bed{[&](upstream_connection& connection, const upstream_request&) {
                                   connection.send(open_stream(first_events("Hel")));
                                   seen.wait();
                                   connection.send(completion_events("lo"));
                                   return false;
                                 },
                                 "openai-compatible"};
  auto client = bed.gateway.connect();
  client.send(request_bytes("POST", "/v1/messages", anthropic_client_bed::body(true), json_type));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, "Hel"));
  seen.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  EXPECT_EQ(message_text(reply), "Hello!");
}

TEST(anthropic_client, s_request_goes_on_to_the_next_deployment) {
  for (const auto& bytes : {answer_bytes(500, error_body("broken")),
                            open_stream("data: {\"error\":{\"message\":\"x\"}}\n\n"), open_stream(),
                            answer_bytes(200, "{}"), std::string{}}) {
    for (const bool stream : {false, true}) {
      const anthropic_client_bed bed{send_and_close(bytes), "openai-compatible"};
      const auto reply = bed.ask(stream);
      EXPECT_TRUE(reply.ok()) << bytes << "\n" << reply.head << reply.body;
      EXPECT_TRUE(message_text(reply).starts_with("next")) << reply.body;
      EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
    }
  }
}

TEST(anthropic_client, is_told_of_a_stream_that_breaks_off) {
  for (const std::string_view type : {"openai-compatible", "ollama"}) {
    const auto bytes = type == "ollama"
                           ? "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n" +
                                 ollama_line("Hel", false)
                           : open_stream(first_events("Hel"));
    const anthropic_client_bed bed{send_and_close(bytes), type};
    const auto reply = bed.ask(true);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_FALSE(reply.complete());
    EXPECT_EQ(message_text(reply), "Hel");
    EXPECT_NE(reply.body.find("event: error\ndata: {\"type\":\"error\""), std::string::npos)
        << reply.body;
    EXPECT_EQ(reply.body.find("message_stop"), std::string::npos);
    EXPECT_EQ(bed.next.asked(), 0U);
  }
}

TEST(anthropic_client, is_told_errors_in_its_own_form) {
  const auto check = [](const http_reply& reply, unsigned status, std::string_view type) {
    EXPECT_EQ(reply.status, status) << reply.body;
    const auto body = json::parse(reply.body);
    EXPECT_EQ(body["type"], "error");
    EXPECT_EQ(body["error"]["type"], type);
    EXPECT_TRUE(body["error"]["message"].is_string());
    EXPECT_EQ(reply.field("request-id"), reply.field("X-Request-Id"));
    EXPECT_EQ(body["request_id"], reply.field("X-Request-Id"));
  };
  const anthropic_client_bed bed{answer_status(400, error_body("temperature: too hot")),
                                 "openai-compatible"};
  for (const bool stream : {false, true})
    check(bed.ask(stream), 400, "invalid_request_error");
  check(bed.gateway.post("/v1/messages",
                         R"({"model":"nobody-has-it","max_tokens":9,"messages":[)"
                         R"({"role":"user","content":"x"}]})",
                         json_type),
        404, "not_found_error");
  check(bed.gateway.post("/v1/messages", "{", json_type), 400, "invalid_request_error");
  check(bed.gateway.post("/v1/messages", R"({"model":"m"})", json_type), 400,
        "invalid_request_error");
  for (auto* server : {&bed.first, &bed.next})
    const_cast<model_server*>(server)->now(
        answer_status(429, error_body("slow down"), "Retry-After: 7\r\n"));
  const auto limited = bed.ask(false);
  check(limited, 429, "rate_limit_error");
  EXPECT_NE(limited.field("Retry-After"), "");
}

TEST(anthropic_client, that_leaves_has_its_request_taken_back) {
  const anthropic_client_bed bed{hang(), "openai-compatible"};
  {
    auto client = bed.gateway.connect();
    client.send(request_bytes("POST", "/v1/messages", anthropic_client_bed::body(true), json_type));
    EXPECT_TRUE(wait_until([&] { return bed.first.at_work() == 1; }));
  }
  EXPECT_TRUE(wait_until([&] { return bed.first.at_work() == 0; }));
  expect_at_rest(bed.gateway, {"first", "next"});
}

TEST(anthropic_client, has_its_prompt_counted) {
  const anthropic_client_bed bed{answer_with("never"), "openai-compatible"};
  const auto reply =
      bed.gateway.post("/v1/messages/count_tokens",
                       R"({"model":"m","messages":[{"role":"user","content":"hi"}]})", json_type);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_GE(json::parse(reply.body)["input_tokens"], 1);
  EXPECT_EQ(reply.field("X-Synapse-Estimate"), "true");
  EXPECT_EQ(bed.gateway.post("/v1/messages/count_tokens", "{}", json_type).status, 400U);
  EXPECT_EQ(bed.first.asked(), 0U);
}

/// Files of before there was a translation.
TEST(anthropic_client, goes_where_a_route_of_the_file_leads) {
  model_server own{"own", answer_status(200, R"({"of":"the route"})")};
  const gateway_process gateway{config_of(
      {{"own", own.url(), ""}},
      "routes: {/v1/messages: own}\ncatalog:\n  m: {deployments: [{backend: own, model: x}]}\n")};
  const auto reply = gateway.post("/v1/messages", R"({"model": "m"})", json_type);
  EXPECT_EQ(reply.body, R"({"of":"the route"})");
  EXPECT_EQ(own.requests().back().body, R"({"model": "m"})");
}

// ---- Anthropic's own servers ----

const std::string own_message =
    R"({"id":"msg_9","type":"message","role":"assistant","model":"its:8b","content":[)"
    R"({"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,)"
    R"("usage":{"input_tokens":9,"output_tokens":2},"new":[1.0]})";

std::string own_event(std::string_view type, std::string_view more) {
  return "event: " + std::string{type} + "\ndata: {\"type\":\"" + std::string{type} + "\"" +
         std::string{more} + "}\n\n";
}
const std::string own_start =
    own_event("message_start", R"(,"message":{"id":"msg_9","usage":{"input_tokens":9}})");
const std::string own_text =
    own_event("content_block_start", R"(,"index":0,"content_block":{"type":"text","text":""})") +
    own_event("content_block_delta", R"(,"index":0,"delta":{"type":"text_delta","text":"Hi"})");
const std::string own_end =
    own_event("content_block_stop", R"(,"index":0)") +
    own_event("message_delta",
              R"(,"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2})") +
    own_event("message_stop", "");

http_reply chat_of(const anthropic_client_bed& bed, bool stream) {
  return chat(bed.gateway, "", "m", stream);
}

TEST(anthropic_server, gets_its_clients_bytes_but_for_the_model) {
  const anthropic_client_bed bed{answer_status(200, own_message), "anthropic"};
  const auto reply = bed.gateway.post(
      "/v1/messages",
      R"( {"max_tokens": 9, "unheard_of": 1.50, "model" : "m", "messages":[{"role":"user",)"
      R"("content":"\u00e4"}]})",
      json_type + "anthropic-beta: new-thing\r\n");
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.body, own_message);
  const auto sent = bed.first.requests().at(0);
  EXPECT_EQ(sent.target, "/v1/messages");
  EXPECT_EQ(sent.body, R"( {"max_tokens": 9, "unheard_of": 1.50, "model" : "its:8b", "messages":)"
                       R"([{"role":"user","content":"\u00e4"}]})");
  EXPECT_EQ(sent.field("anthropic-version"), "2023-06-01");
  EXPECT_EQ(sent.field("anthropic-beta"), "new-thing");
}

TEST(anthropic_server, s_events_come_as_they_are) {
  const auto all = own_start + own_event("ping", "") + own_text + own_end;
  const anthropic_client_bed bed{send_and_close(chunked_stream(all)), "anthropic"};
  const auto reply = bed.ask(true);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.body, all);
  expect_at_rest(bed.gateway, {"first", "next"});
}

TEST(anthropic_server, answers_chats) {
  const anthropic_client_bed whole{answer_status(200, own_message), "anthropic"};
  const auto reply = chat_of(whole, false);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(content_of(reply), "Hi");
  const auto body = json::parse(reply.body);
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 9);
  const auto sent = whole.first.requests().at(0);
  EXPECT_EQ(sent.target, "/v1/messages");
  EXPECT_EQ(sent.field("anthropic-version"), "2023-06-01");
  EXPECT_EQ(json::parse(sent.body)["max_tokens"], 4096);
  EXPECT_EQ(json::parse(sent.body)["model"], "its:8b");
  const anthropic_client_bed events{send_and_close(chunked_stream(own_start + own_text + own_end)),
                                    "anthropic"};
  const auto stream = chat_of(events, true);
  EXPECT_TRUE(stream.ok()) << stream.body;
  EXPECT_EQ(content_of(stream), "Hi");
  EXPECT_TRUE(stream.body.ends_with("data: [DONE]\n\n"));
}

TEST(anthropic_server, answers_ollama_s_clients) {
  const anthropic_client_bed bed{send_and_close(chunked_stream(own_start + own_text + own_end)),
                                 "anthropic"};
  const auto reply = bed.gateway.post(
      "/api/chat", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})", json_type);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_NE(reply.body.find(R"("content":"Hi")"), std::string::npos) << reply.body;
  EXPECT_NE(reply.body.find(R"("done":true)"), std::string::npos);
  EXPECT_NE(reply.body.find(R"("prompt_eval_count":9)"), std::string::npos);
}

TEST(anthropic_server, that_fails_leads_to_the_next_one) {
  const std::string overloaded =
      R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})";
  for (const auto& bytes :
       {answer_bytes(529, overloaded), answer_bytes(200, overloaded),
        chunked_stream(own_start + "event: error\ndata: " + overloaded + "\n\n"),
        chunked_stream(own_start), std::string{}}) {
    for (const bool stream : {false, true}) {
      const anthropic_client_bed bed{send_and_close(bytes), "anthropic"};
      const auto message = bed.ask(stream);
      EXPECT_TRUE(message.ok()) << bytes << "\n" << message.head << message.body;
      EXPECT_TRUE(message_text(message).starts_with("next")) << message.body;
      const anthropic_client_bed other{send_and_close(bytes), "anthropic"};
      const auto reply = chat_of(other, stream);
      EXPECT_TRUE(reply.ok()) << bytes << "\n" << reply.head << reply.body;
      EXPECT_TRUE(content_of(reply).starts_with("next")) << reply.body;
    }
  }
}

TEST(anthropic_server, s_broken_streams_are_no_good_ones) {
  gate seen;
  const anthropic_client_bed bed{[&](upstream_connection& connection, const upstream_request&) {
                                   connection.send(open_stream(own_start + own_text));
                                   seen.wait();
                                   return false;
                                 },
                                 "anthropic"};
  auto client = bed.gateway.connect();
  client.send(request_bytes("POST", "/v1/messages", anthropic_client_bed::body(true), json_type));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, "text_delta"));
  seen.open();
  client.read_rest(reply);
  EXPECT_FALSE(reply.complete());
  EXPECT_NE(reply.body.find("event: error\n"), std::string::npos) << reply.body;
  EXPECT_EQ(reply.body.find("message_stop"), std::string::npos);
}

TEST(anthropic_server, tells_its_errors_in_the_client_s_form) {
  const anthropic_client_bed bed{
      answer_status(400, R"({"type":"error","error":{"type":"invalid_request_error",)"
                         R"("message":"temperature: too hot"}})"),
      "anthropic"};
  const auto message = bed.ask(false);
  EXPECT_EQ(message.status, 400U);
  EXPECT_EQ(json::parse(message.body)["error"]["message"], "temperature: too hot");
  EXPECT_EQ(json::parse(message.body)["type"], "error");
  const auto reply = chat_of(bed, false);
  EXPECT_EQ(reply.status, 400U);
  const auto body = json::parse(reply.body);
  EXPECT_FALSE(body.contains("type")) << reply.body;
  EXPECT_NE(body["error"]["message"].get<std::string>().find("too hot"), std::string::npos);
}

} // namespace
} // namespace synapse::deployed
