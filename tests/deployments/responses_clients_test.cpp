// Clients of OpenAI's Responses, served by servers that answer chats.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::deployed {
namespace {

using nlohmann::json;

const std::string as_json = "Content-Type: application/json\r\n";

struct responses_bed {
  explicit responses_bed(deed first_deed)
      : first("first", std::move(first_deed)), next("next", answer_with("next")),
        gateway(config_of({{"first", first.url(), ""}, {"next", next.url(), ""}},
                          "catalog:\n  m: {deployments: [{backend: first, model: \"its:8b\"}, "
                          "{backend: next, model: y, order: 2}]}\n")) {}
  http_reply ask(bool stream, std::string_view more = "") const {
    return gateway.post("/v1/responses",
                        R"({"model":"m","input":"hi","stream":)" +
                            std::string{stream ? "true" : "false"} + std::string{more} + "}",
                        as_json);
  }
  model_server first;
  model_server next;
  gateway_process gateway;
};

/// Types of the events, and the text of their deltas.
std::string events_of(const http_reply& reply, std::string& text) {
  std::string types;
  int number = 0;
  for (std::size_t at = reply.body.find("data: "); at != std::string::npos;
       at = reply.body.find("data: ", at + 1)) {
    const auto data = json::parse(reply.body.substr(at + 6, reply.body.find('\n', at) - at - 6));
    const auto type = data["type"].get<std::string>();
    EXPECT_EQ(data["sequence_number"], number++);
    if (type == "response.output_text.delta")
      text += data["delta"].get<std::string>();
    if (!types.ends_with(type))
      types += (types.empty() ? "" : " ") + type;
  }
  return types;
}

TEST(responses_client, gets_a_response_of_a_chat) {
  const responses_bed bed{answer_with("Hello")};
  const auto reply = bed.ask(false, R"(,"instructions":"be brief","max_output_tokens":9)");
  EXPECT_TRUE(reply.ok()) << reply.body;
  const auto body = json::parse(reply.body);
  EXPECT_EQ(body["object"], "response");
  EXPECT_EQ(body["status"], "completed");
  EXPECT_EQ(body["output"][0]["content"][0]["text"], "Hello");
  EXPECT_EQ(body["usage"]["input_tokens"], 3);
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), "first/its:8b");
  const auto sent = bed.first.requests().at(0);
  EXPECT_EQ(sent.target, chat_path);
  const auto asked = json::parse(sent.body);
  EXPECT_EQ(asked["model"], "its:8b");
  EXPECT_EQ(asked["messages"][0]["content"], "be brief");
  expect_at_rest(bed.gateway, {"first", "next"});
}

TEST(responses_client, gets_all_events_in_order) {
  const responses_bed bed{answer_with("Hello")};
  const auto reply = bed.ask(true);
  EXPECT_TRUE(reply.ok()) << reply.body;
  std::string text;
  EXPECT_EQ(events_of(reply, text),
            "response.created response.in_progress response.output_item.added "
            "response.content_part.added response.output_text.delta response.output_text.done "
            "response.content_part.done response.output_item.done response.completed");
  EXPECT_EQ(text, "Hello!");
}

TEST(responses_client, s_request_goes_on_to_the_next_deployment) {
  for (const auto& bytes :
       {answer_bytes(500, error_body("broken")),
        open_stream("data: {\"error\":{\"message\":\"x\"}}\n\n"), open_stream(), std::string{}}) {
    for (const bool stream : {false, true}) {
      const responses_bed bed{send_and_close(bytes)};
      const auto reply = bed.ask(stream);
      EXPECT_TRUE(reply.ok()) << bytes << reply.head << reply.body;
      EXPECT_NE(reply.body.find("next"), std::string::npos) << reply.body;
    }
  }
}

TEST(responses_client, is_told_of_a_stream_that_breaks_off) {
  const responses_bed bed{send_and_close(open_stream(first_events("Hel")))};
  const auto reply = bed.ask(true);
  EXPECT_FALSE(reply.complete());
  std::string text;
  const auto types = events_of(reply, text);
  EXPECT_EQ(text, "Hel");
  EXPECT_TRUE(types.ends_with("response.failed")) << types;
  EXPECT_EQ(bed.next.asked(), 0U);
}

TEST(responses_client, is_told_errors_in_openai_s_form) {
  const responses_bed bed{answer_status(400, error_body("too hot"))};
  for (const bool stream : {false, true}) {
    const auto reply = bed.ask(stream);
    EXPECT_EQ(reply.status, 400U) << reply.body;
    EXPECT_EQ(json::parse(reply.body)["error"]["message"], "too hot");
  }
  for (const auto& [more, param] :
       {std::pair{R"(,"previous_response_id":"resp_1")", "previous_response_id"},
        std::pair{R"(,"background":true)", "background"},
        std::pair{R"(,"tools":[{"type":"web_search"}])", "tools[0].type"}}) {
    const auto reply = bed.ask(false, more);
    EXPECT_EQ(reply.status, 400U) << reply.body;
    EXPECT_EQ(json::parse(reply.body)["error"]["param"], param);
  }
}

} // namespace
} // namespace synapse::deployed
