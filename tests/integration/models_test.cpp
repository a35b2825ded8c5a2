// The merged model list, single models, and the router's own list.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

namespace synapse::integration {
namespace {

using support::gateway_process;

/// A backend whose every answer is this body.
support::scripted_upstream::script says(unsigned status, const std::string& body) {
  return support::answer_each([=](const auto&) { return support::answer_bytes(status, body); });
}

std::vector<std::string> ids_of(const support::http_reply& reply) {
  std::vector<std::string> ids;
  const auto list = nlohmann::json::parse(reply.body, nullptr, false);
  if (list.is_object() && list.contains("data"))
    for (const auto& model : list["data"])
      ids.push_back(model["id"].get<std::string>());
  return ids;
}

TEST(model_list, leaves_out_dead_and_broken_backends) {
  support::scripted_upstream embed{says(200, R"({"object":"list","data":[
      {"id":"bge","object":"model","owned_by":"llamacpp","meta":{"n_ctx":512}},
      {"id":"shared"},{"id":7},{"name":"no id"},"text"]})")};
  support::scripted_upstream router{
      says(200, R"({"data":[{"id":"qwen"},{"id":"shared","second":true}],"object":"list"})")};
  support::scripted_upstream garbage{says(200, "{broken")};
  support::scripted_upstream other_shape{says(200, R"({"models":["a"]})")};
  support::scripted_upstream failing{says(500, R"({"error":"no"})")};
  support::scripted_upstream no_http{[](support::upstream_connection& connection) {
    connection.read_request();
    connection.send("garbage\r\n\r\n");
  }};
  support::scripted_upstream speech{says(200, R"({"data":[{"id":"whisper"}]})")};
  const support::closed_port nobody;
  gateway_process gateway{
      config_with(backend("a-embed", embed.url() + "/base") + backend("b-router", router.url()) +
                  backend("c-garbage", garbage.url()) + backend("d-shape", other_shape.url()) +
                  backend("e-failing", failing.url()) + backend("f-nohttp", no_http.url()) +
                  backend("g-dead", "http://127.0.0.1:" + std::to_string(nobody.port())) +
                  backend("h-speech", speech.url(), "type: faster-whisper"))};
  const auto reply = gateway.get("/v1/models", "Authorization: Bearer client-key\r\n");
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(ids_of(reply), (std::vector<std::string>{"bge", "shared", "qwen"}));
  const auto list = nlohmann::json::parse(reply.body);
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"][0]["meta"]["n_ctx"], 512); // whatever a backend says of it stays
  EXPECT_EQ(speech.requests(), 0u);
  ASSERT_EQ(embed.seen().size(), 1u);
  EXPECT_EQ(embed.seen()[0].target, "/base/v1/models");
  EXPECT_EQ(embed.seen()[0].field("Authorization"), "Bearer client-key");
  EXPECT_EQ(embed.seen()[0].field("X-Request-Id"), reply.field("X-Request-Id"));
  // Each one that is left out is told by name, with the request's id.
  for (const std::string name : {"c-garbage", "d-shape", "e-failing", "f-nohttp", "g-dead"})
    EXPECT_TRUE(gateway.wait_for_log("models of backend " + name)) << gateway.err();
  EXPECT_NE(gateway.err().find(reply.field("X-Request-Id")), std::string::npos);
}

TEST(model_list, of_no_reachable_backend_is_empty) {
  const support::closed_port nobody;
  gateway_process gateway{
      config_with(backend("one", "http://127.0.0.1:" + std::to_string(nobody.port())))};
  const auto reply = gateway.get("/v1/models");
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(nlohmann::json::parse(reply.body),
            nlohmann::json::parse(R"({"object":"list","data":[]})"));
}

TEST(model_list, asks_backends_side_by_side) {
  support::gate asked[2];
  const auto after = [&](int mine, int other) {
    return [&asked, mine, other](support::upstream_connection& connection) {
      connection.read_request();
      asked[mine].open();
      if (asked[other].wait())
        connection.reply(200, R"({"data":[{"id":")" + std::to_string(mine) + R"("}]})");
    };
  };
  support::scripted_upstream one{after(0, 1)};
  support::scripted_upstream two{after(1, 0)};
  gateway_process gateway{config_with(backend("one", one.url()) + backend("two", two.url()))};
  EXPECT_EQ(ids_of(gateway.get("/v1/models")), (std::vector<std::string>{"0", "1"}));
}

TEST(model_list, reads_chunked_and_closing_backends) {
  support::scripted_upstream chunked{[](support::upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked(200, "application/json");
    connection.send_chunk(R"({"data":[{"id")");
    connection.send_chunk(R"(:"in chunks"}]})");
    connection.end_chunks();
  }};
  support::scripted_upstream closing{[](support::upstream_connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.0 200 OK\r\n\r\n{\"data\":[{\"id\":\"until close\"}]}");
  }};
  gateway_process gateway{
      config_with(backend("one", chunked.url()) + backend("two", closing.url()))};
  EXPECT_EQ(ids_of(gateway.get("/v1/models")),
            (std::vector<std::string>{"in chunks", "until close"}));
}

TEST(single_model, is_found_by_its_id) {
  support::scripted_upstream upstream{
      says(200, R"({"data":[{"id":"plain"},{"id":"org/name:7b q4","owned_by":"me"}]})")};
  gateway_process gateway{config_with(backend("one", upstream.url()))};
  EXPECT_EQ(gateway.get("/v1/models/plain").body, R"({"id":"plain"})");
  const auto escaped = gateway.get("/v1/models/org%2fname%3A7b%20q4");
  EXPECT_TRUE(escaped.ok());
  EXPECT_EQ(text_at(escaped.body, "/owned_by"), "me") << escaped.body;
}

TEST(single_model, with_a_slash_is_found_as_it_is_written) {
  support::scripted_upstream upstream{
      says(200, R"({"data":[{"id":"org/name:7b"},{"id":"a/b/c"}]})")};
  gateway_process gateway{config_with(backend("one", upstream.url()))};
  for (const std::string path :
       {"org/name:7b", "org%2Fname:7b", "org%2fname%3A7b", "a/b/c", "a%2Fb/c"}) {
    const auto reply = gateway.get("/v1/models/" + path);
    EXPECT_EQ(reply.status, 200u) << path << ": " << reply.body;
  }
  EXPECT_EQ(text_at(gateway.get("/v1/models/org/name:7b").body, "/id"), "org/name:7b");
  EXPECT_EQ(gateway.get("/v1/models/org").status, 404u);
}

TEST(single_model, that_nobody_has_names_near_ones) {
  support::scripted_upstream upstream{
      says(200, R"({"data":[{"id":"bge-m3"},{"id":"Qwen3-8B"},{"id":"org/qwen3-4b"}]})")};
  gateway_process gateway{config_with(backend("one", upstream.url()))};
  const auto reply = gateway.get("/v1/models/qwen3");
  EXPECT_EQ(reply.status, 404u);
  EXPECT_EQ(text_at(reply.body, "/error/code"), "model_not_found");
  EXPECT_EQ(text_at(reply.body, "/error/param"), "model");
  const auto message = text_at(reply.body, "/error/message");
  EXPECT_NE(message.find("'qwen3'"), std::string::npos) << message;
  EXPECT_NE(message.find("Qwen3-8B"), std::string::npos) << message;
  EXPECT_NE(message.find("org/qwen3-4b"), std::string::npos) << message;
  EXPECT_EQ(message.find("bge"), std::string::npos) << message;
}

TEST(single_model, is_found_by_an_alias_that_the_list_shows) {
  support::scripted_upstream upstream{
      says(200, R"({"data":[{"id":"org/m","owned_by":"me","aliases":["own"]}]})")};
  gateway_process gateway{
      config_with(backend("one", upstream.url()), "models: {aliases: {gpt-4o: org/m, x: y}}\n")};
  EXPECT_EQ(ids_of(gateway.get("/v1/models")),
            (std::vector<std::string>{"org/m", "own", "gpt-4o"}));
  for (const std::string name : {"own", "gpt-4o"}) {
    const auto reply = gateway.get("/v1/models/" + name);
    EXPECT_EQ(text_at(reply.body, "/id"), name) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/alias_of"), "org/m");
    EXPECT_EQ(text_at(reply.body, "/owned_by"), "me");
  }
}

TEST(single_model, that_nobody_has_is_404) {
  support::scripted_upstream upstream{says(200, R"({"data":[{"id":"plain"}]})")};
  gateway_process gateway{config_with(backend("one", upstream.url()))};
  for (const std::string id : {"other", "pla", "plain2", "%22%3E%ff", "plain%20"}) {
    SCOPED_TRACE(id);
    const auto reply = gateway.get("/v1/models/" + id);
    EXPECT_EQ(reply.status, 404u);
    EXPECT_EQ(text_at(reply.body, "/error/code"), "model_not_found") << reply.body;
    EXPECT_EQ(text_at(reply.body, "/error/type"), "invalid_request_error");
  }
}

TEST(router_models, pass_through_byte_by_byte) {
  const std::string list = "{\"data\": [ {\"id\":\"m\",  \"status\":{\"value\":\"loaded\"}} ]}\n";
  support::scripted_upstream upstream{says(200, list)};
  gateway_process gateway{chat_config(upstream, {}, "manage_models: false")};
  const auto reply = gateway.get("/models?reload=1");
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.body, list);
  ASSERT_EQ(upstream.seen().size(), 1u);
  EXPECT_EQ(upstream.seen()[0].target, "/models?reload=1");
  // What is below it goes there too, by the default route.
  EXPECT_EQ(gateway.post("/models/unload", R"({"model":"m"})", json_type).body, list);
  EXPECT_EQ(upstream.seen()[1].target, "/models/unload");
  EXPECT_EQ(upstream.seen()[1].body, R"({"model":"m"})");
}

TEST(router_models, status_of_the_backend_passes_through) {
  support::scripted_upstream upstream{says(418, R"({"error":{"message":"teapot"}})")};
  gateway_process gateway{chat_config(upstream)};
  const auto reply = gateway.get("/models");
  EXPECT_EQ(reply.status, 418u);
  EXPECT_EQ(reply.body, R"({"error":{"message":"teapot"}})");
}

} // namespace
} // namespace synapse::integration
