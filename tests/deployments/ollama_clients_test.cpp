// Clients of Ollama's own API, served by servers that speak OpenAI's dialect and by Ollama servers.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::deployed {
namespace {

using nlohmann::json;

const std::string json_field = "Content-Type: application/json\r\n";
const std::string lines_begin =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Two servers of the name `m`, one after the other.
struct ollama_client_bed {
  ollama_client_bed(deed first_deed, std::string_view type)
      : first("first", std::move(first_deed)), next("next", answer_with("next")),
        gateway(config_of(
            {{"first", first.url(), ", type: " + std::string{type}}, {"next", next.url(), ""}},
            "catalog:\n  m: {deployments: [{backend: first, model: \"its:8b\"}, "
            "{backend: next, model: y, order: 2}]}\n")) {}
  http_reply post(std::string_view path, std::string_view body) const {
    return gateway.post(path, body, json_field);
  }
  http_reply chat(bool stream, std::string_view more = "") const {
    return post("/api/chat",
                R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":)" +
                    std::string{stream ? "true" : "false"} + std::string{more} + "}");
  }
  model_server first;
  model_server next;
  gateway_process gateway;
};

std::vector<json> lines_of(std::string_view body) {
  std::vector<json> result;
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    result.push_back(json::parse(body.substr(0, end)));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return result;
}

std::string content_of_lines(const std::vector<json>& lines) {
  std::string text;
  for (const auto& line : lines)
    if (line.contains("message"))
      text += line["message"].value("content", "");
  return text;
}

TEST(ollama_client, gets_an_openai_server_s_answer_in_its_own_form) {
  const ollama_client_bed bed{answer_with("Hello"), "openai-compatible"};
  const auto reply = bed.chat(false, R"(,"options":{"num_predict":7,"mirostat":1})");
  EXPECT_TRUE(reply.ok()) << reply.body;
  const auto body = json::parse(reply.body);
  EXPECT_EQ(body["message"]["content"], "Hello");
  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(body["done"], true);
  EXPECT_EQ(body["done_reason"], "stop");
  EXPECT_EQ(body["prompt_eval_count"], 3);
  EXPECT_EQ(body["eval_count"], 2);
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), "first/its:8b");
  EXPECT_NE(reply.field("X-Synapse-Lossy"), "");
  const auto sent = bed.first.requests().at(0);
  EXPECT_EQ(sent.target, chat_path);
  const auto asked = json::parse(sent.body);
  EXPECT_EQ(asked["model"], "its:8b");
  EXPECT_EQ(asked["max_tokens"], 7);
  expect_at_rest(bed.gateway, {"first", "next"});
}

TEST(ollama_client, gets_an_openai_server_s_stream_as_lines) {
  const ollama_client_bed bed{answer_with("Hello"), "openai-compatible"};
  const auto reply = bed.chat(true);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_TRUE(reply.field("Content-Type").starts_with("application/x-ndjson"));
  const auto lines = lines_of(reply.body);
  EXPECT_EQ(content_of_lines(lines), "Hello!");
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_EQ(lines[i]["done"], i + 1 == lines.size());
  EXPECT_EQ(json::parse(bed.first.requests().at(0).body)["stream"], true);
}

/// Nothing is held back: an event in gives its line out at once.
TEST(ollama_client, gets_each_line_as_soon_as_it_is_there) {
  gate seen;
  const ollama_client_bed bed{[&](upstream_connection& connection, const upstream_request&) {
                                connection.send(open_stream(first_events("Hel")));
                                seen.wait();
                                connection.send(completion_events("lo"));
                                return false;
                              },
                              "openai-compatible"};
  auto client = bed.gateway.connect();
  client.send(request_bytes("POST", "/api/chat",
                            R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
                            json_field));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, "Hel"));
  seen.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  EXPECT_EQ(content_of_lines(lines_of(reply.body)), "Hello!");
}

TEST(ollama_client, gets_a_prompt_s_answer_and_embeddings) {
  const ollama_client_bed bed{answer_with("Hello"), "openai-compatible"};
  const auto said = bed.post("/api/generate", R"({"model":"m","prompt":"hi","stream":false})");
  EXPECT_TRUE(said.ok()) << said.body;
  EXPECT_EQ(json::parse(said.body)["response"], "Hello");
  const ollama_client_bed embeds{
      answer_status(200, R"({"object":"list","data":[{"index":0,"embedding":[0.5,1]},)"
                         R"({"index":1,"embedding":[2,3]}],"usage":{"prompt_tokens":4}})"),
      "openai-compatible"};
  const auto many = embeds.post("/api/embed", R"({"model":"m","input":["a","b"]})");
  EXPECT_TRUE(many.ok()) << many.body;
  EXPECT_EQ(json::parse(many.body)["embeddings"], (json{{0.5, 1}, {2, 3}}));
  EXPECT_EQ(embeds.first.requests().at(0).target, "/v1/embeddings");
}

// ---- errors ----

TEST(ollama_client, an_error_leads_to_the_next_deployment) {
  for (const auto& bytes :
       {answer_bytes(500, error_body("broken")),
        open_stream("data: {\"error\":{\"message\":\"x\"}}\n\n"), open_stream(), std::string{}}) {
    for (const bool stream : {false, true}) {
      const ollama_client_bed bed{send_and_close(bytes), "openai-compatible"};
      const auto reply = bed.chat(stream);
      EXPECT_TRUE(reply.ok()) << bytes << "\n" << reply.head << reply.body;
      EXPECT_TRUE(content_of_lines(lines_of(reply.body)).starts_with("next")) << reply.body;
      EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
    }
  }
}

TEST(ollama_client, a_stream_that_breaks_off_ends_with_an_error_and_no_good_end) {
  const ollama_client_bed bed{send_and_close(open_stream(first_events("Hel"))),
                              "openai-compatible"};
  const auto reply = bed.chat(true);
  EXPECT_EQ(reply.status, 200U);
  EXPECT_FALSE(reply.complete());
  const auto lines = lines_of(reply.body);
  EXPECT_EQ(content_of_lines(lines), "Hel");
  EXPECT_TRUE(lines.back()["error"].is_string()) << reply.body;
  for (const auto& line : lines)
    EXPECT_NE(line.value("done", false), true);
  EXPECT_EQ(bed.next.asked(), 0U);
}

TEST(ollama_client, is_told_errors_in_its_own_form) {
  const ollama_client_bed bed{answer_status(400, error_body("temperature: too hot")),
                              "openai-compatible"};
  for (const bool stream : {false, true}) {
    const auto reply = bed.chat(stream);
    EXPECT_EQ(reply.status, 400U) << reply.body;
    EXPECT_EQ(json::parse(reply.body), (json{{"error", "temperature: too hot"}}));
  }
  const auto unknown = bed.post("/api/chat", R"({"model":"m","messages":[{"role":"robot"}]})");
  EXPECT_EQ(unknown.status, 400U) << unknown.body;
  EXPECT_TRUE(json::parse(unknown.body)["error"].is_string());
  const auto nobody = bed.post(
      "/api/chat", R"({"model":"nobody-has-it","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(nobody.status, 404U);
  EXPECT_TRUE(json::parse(nobody.body)["error"].is_string()) << nobody.body;
  const auto broken = bed.post("/api/chat", "{");
  EXPECT_EQ(broken.status, 400U);
  EXPECT_TRUE(json::parse(broken.body)["error"].is_string());
}

TEST(ollama_client, that_leaves_has_its_request_taken_back) {
  for (const std::string_view type : {"openai-compatible", "ollama"}) {
    const ollama_client_bed bed{hang(), type};
    {
      auto client = bed.gateway.connect();
      client.send(request_bytes("POST", "/api/chat",
                                R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
                                json_field));
      EXPECT_TRUE(wait_until([&] { return bed.first.at_work() == 1; }));
    }
    EXPECT_TRUE(wait_until([&] { return bed.first.at_work() == 0; }));
    expect_at_rest(bed.gateway, {"first", "next"});
  }
}

// ---- Ollama's own servers ----

TEST(ollama_client, s_bytes_go_to_an_ollama_server_as_they_are_but_for_the_model) {
  const std::string answer =
      R"({"model":"its:8b","message":{"role":"assistant","content":"Hi"},"done":true,"new":[1]})";
  const ollama_client_bed bed{answer_status(200, answer), "ollama"};
  const auto reply =
      bed.post("/api/chat", R"( {"unheard_of": 1.50, "model" : "m", "messages":[], "stream":false,)"
                            R"("messages":[{"role":"user","content":"\u00e4"}]})");
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.body, answer);
  const auto sent = bed.first.requests().at(0);
  EXPECT_EQ(sent.target, "/api/chat");
  EXPECT_EQ(sent.body, R"( {"unheard_of": 1.50, "model" : "its:8b", "messages":[], "stream":false,)"
                       R"("messages":[{"role":"user","content":"\u00e4"}]})");
}

TEST(ollama_client, s_lines_come_from_an_ollama_server_as_they_are) {
  const std::string lines = R"({"message":{"role":"assistant","content":"H"},"done":false,"x":1.0})"
                            "\n"
                            R"({"message":{"role":"assistant","content":""},"done":true})"
                            "\n";
  const ollama_client_bed bed{[&](upstream_connection& connection, const upstream_request&) {
                                connection.send(lines_begin);
                                for (const char c : lines) // however they come
                                  connection.send(chunk(std::string(1, c)));
                                return connection.send("0\r\n\r\n");
                              },
                              "ollama"};
  const auto reply = bed.chat(true);
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.body, lines);
  EXPECT_EQ(reply.field("X-Synapse-Model"), "its:8b");
}

TEST(ollama_client, is_not_told_a_broken_answer_of_an_ollama_server_as_a_good_one) {
  const std::string half = R"({"message":{"role":"assistant","content":"H"},"done":false})"
                           "\n";
  gate seen;
  const ollama_client_bed cut{[&](upstream_connection& connection, const upstream_request&) {
                                connection.send(lines_begin + chunk(half));
                                seen.wait();
                                connection.send("0\r\n\r\n");
                                return false;
                              },
                              "ollama"};
  auto client = cut.gateway.connect();
  client.send(request_bytes("POST", "/api/chat",
                            R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
                            json_field));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, half));
  seen.open();
  client.read_rest(reply);
  EXPECT_FALSE(reply.complete());
  EXPECT_TRUE(reply.body.starts_with(half)) << reply.body;
  EXPECT_TRUE(lines_of(reply.body).back()["error"].is_string());
  const auto error = std::string{R"({"error":"model runner has unexpectedly stopped"})"} + "\n";
  for (const auto& bytes : {lines_begin + chunk(error) + "0\r\n\r\n", answer_bytes(200, error),
                            answer_bytes(500, error), lines_begin + "0\r\n\r\n"}) {
    for (const bool stream : {false, true}) {
      const ollama_client_bed bed{send_and_close(bytes), "ollama"};
      const auto other = bed.chat(stream);
      EXPECT_TRUE(other.ok()) << bytes << other.head << other.body;
      EXPECT_TRUE(content_of_lines(lines_of(other.body)).starts_with("next")) << other.body;
    }
  }
}

TEST(ollama_client, that_asks_nothing_of_a_model_is_answered_at_once) {
  const ollama_client_bed bed{answer_with("never"), "ollama"};
  const auto reply = bed.post("/api/generate", R"({"model":"m"})");
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(json::parse(reply.body)["done_reason"], "load");
  EXPECT_EQ(bed.first.asked(), 0U);
  EXPECT_EQ(bed.post("/api/generate", R"({"model":"nobody-has-it"})").status, 404U);
}

// ---- models ----

TEST(ollama_client, sees_the_names_of_the_catalog) {
  const ollama_client_bed bed{answer_with("x"), "openai-compatible"};
  const auto tags = json::parse(bed.gateway.get("/api/tags").body);
  ASSERT_EQ(tags["models"].size(), 1U);
  EXPECT_EQ(tags["models"][0]["name"], "m");
  const auto shown = bed.post("/api/show", R"({"model":"m:latest"})");
  EXPECT_TRUE(shown.ok()) << shown.body;
  EXPECT_TRUE(json::parse(shown.body)["capabilities"].is_array());
  EXPECT_EQ(bed.post("/api/show", R"({"model":"nobody"})").status, 404U);
  EXPECT_EQ(bed.post("/api/show", R"({"model":7})").status, 400U);
  EXPECT_EQ(bed.post("/api/show", "{}").status, 400U);
  EXPECT_EQ(json::parse(bed.gateway.get("/api/ps").body)["models"].size(), 0U);
  EXPECT_EQ(bed.first.asked(), 0U);
}

TEST(ollama_client, has_models_kept_by_the_server_that_is_meant) {
  const ollama_client_bed none{answer_with("x"), "openai-compatible"};
  const auto refused = none.post("/api/pull", R"({"model":"new"})");
  EXPECT_EQ(refused.status, 501U);
  EXPECT_TRUE(json::parse(refused.body)["error"].is_string());
  const std::string progress = "{\"status\":\"pulling manifest\"}\n{\"status\":\"success\"}\n";
  const ollama_client_bed one{answer_status(200, progress, "", "application/x-ndjson"), "ollama"};
  const auto pulled = one.post("/api/pull", R"({"model": "new"})");
  EXPECT_TRUE(pulled.ok()) << pulled.body;
  EXPECT_EQ(pulled.body, progress);
  EXPECT_EQ(one.first.requests().at(0).body, R"({"model": "new"})");
  EXPECT_EQ(one.post("/api/pull?backend=first", "{}").status, 200U);
  EXPECT_EQ(one.first.requests().at(1).target, "/api/pull");
  EXPECT_EQ(one.post("/api/pull?backend=nobody", "{}").status, 400U);
  EXPECT_EQ(one.post("/api/pull?backend=next", "{}").status, 400U) << "no Ollama server";
}

/// Files of before there was a translation.
TEST(ollama_client, goes_where_a_route_of_the_file_leads) {
  model_server own{"own", answer_status(200, R"({"of":"the route"})")};
  model_server other{"other", answer_with("never")};
  const gateway_process gateway{config_of(
      {{"own", own.url(), ""}, {"other", other.url(), ""}},
      "routes: {/api/*: own}\ncatalog:\n  m: {deployments: [{backend: other, model: x}]}\n")};
  for (const std::string path : {"/api/chat", "/api/generate", "/api/pull"}) {
    const auto reply = gateway.post(path, R"({"model": "m"})", json_field);
    EXPECT_EQ(reply.body, R"({"of":"the route"})") << path;
    EXPECT_EQ(own.requests().back().target, path);
    EXPECT_EQ(own.requests().back().body, R"({"model": "m"})");
  }
  EXPECT_EQ(other.asked(), 0U);
}

} // namespace
} // namespace synapse::deployed
