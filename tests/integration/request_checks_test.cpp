// What the gateway says to requests that it does not forward: unknown routes and methods, media
// types, JSON, and the envelopes and ids that all of these answers have.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <set>

namespace synapse::integration {
namespace {

using support::gateway_process;
using support::request_bytes;

class request_check : public ::testing::Test {
protected:
  support::scripted_upstream upstream_{echo()};
  gateway_process gateway_{chat_config(upstream_)};
};

// ---- routes and methods ----

TEST_F(request_check, unknown_path_is_404_in_the_envelope_of_its_path) {
  for (const std::string path :
       {"/nowhere", "/livez/", "/livez/x", "//x", "/V1/chat/completions", "/v1x", "/v1%2Fmodels"}) {
    SCOPED_TRACE(path);
    const auto reply = gateway_.get(path);
    EXPECT_EQ(reply.status, 404u);
    EXPECT_FALSE(text_at(reply.body, "/detail").empty()) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/error/message"), "");
  }
  for (const std::string path :
       {"/v1", "/v1/", "/v1/nowhere", "/v1/chat", "/v1/chat/completions/"}) {
    SCOPED_TRACE(path);
    const auto reply = gateway_.get(path);
    EXPECT_EQ(reply.status, 404u);
    EXPECT_EQ(text_at(reply.body, "/error/code"), "route_not_found") << reply.body;
    EXPECT_EQ(text_at(reply.body, "/error/type"), "invalid_request_error");
    const auto json = nlohmann::json::parse(reply.body);
    EXPECT_TRUE(json["error"].contains("param")) << reply.body;
    EXPECT_FALSE(json.contains("detail"));
  }
}

TEST_F(request_check, other_method_is_405_and_names_the_right_ones) {
  const std::vector<std::array<std::string, 3>> cases{
      {"GET", "/v1/chat/completions", "POST, OPTIONS"},
      {"DELETE", "/v1/embeddings", "POST, OPTIONS"},
      {"POST", "/health", "GET, HEAD, OPTIONS"},
      {"PUT", "/v1/models/some-model", "GET, HEAD, OPTIONS"},
      {"PROPFIND", "/livez", "GET, HEAD, OPTIONS"},
      {"get", "/livez", "GET, HEAD, OPTIONS"}, // methods are case-sensitive
  };
  auto client = gateway_.connect();
  for (const auto& [method, path, allow] : cases) {
    SCOPED_TRACE(method + " " + path);
    client.send(request_bytes(method, path));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 405u);
    EXPECT_EQ(reply.field("Allow"), allow);
    EXPECT_NE(reply.body.find("which takes " + allow), std::string::npos) << reply.body;
    EXPECT_EQ(text_at(reply.body, path.starts_with("/v1/") ? "/error/code" : "/detail").empty(),
              false)
        << reply.body;
  }
  client.send(request_bytes("HEAD", chat_path));
  EXPECT_EQ(client.read_reply(true).status, 405u);
  EXPECT_TRUE(client.get("/livez").ok()); // all on one connection
}

TEST_F(request_check, options_tell_the_methods) {
  auto client = gateway_.connect();
  for (const auto& [path, allow] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/chat/completions", "POST, OPTIONS"}, {"/v1/models", "GET, HEAD, OPTIONS"}}) {
    client.send(request_bytes("OPTIONS", path));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 204u);
    EXPECT_EQ(reply.field("Allow"), allow);
    EXPECT_EQ(reply.count("Content-Length"), 0u); // RFC 9110 section 8.6
  }
}

TEST_F(request_check, route_without_a_configured_backend_is_503) {
  const auto reply = gateway_.post("/v1/embeddings", R"({"input":"x"})", json_type);
  EXPECT_EQ(reply.status, 503u);
  EXPECT_EQ(text_at(reply.body, "/error/code"), "backend_not_found") << reply.body;
}

// ---- bodies ----

TEST_F(request_check, media_type_that_is_no_json_is_415) {
  for (const std::string type :
       {"multipart/form-data; boundary=x", "application/xml", "image/png", "text/html",
        "application/octet-stream", "application/jsonx", "json"}) {
    SCOPED_TRACE(type);
    const auto reply = gateway_.post(chat_path, chat_body, "Content-Type: " + type + "\r\n");
    EXPECT_EQ(reply.status, 415u);
    EXPECT_EQ(text_at(reply.body, "/error/code"), "unsupported_media_type") << reply.body;
    EXPECT_EQ(reply.count("Accept-Encoding"), 0u) << "RFC 9110 section 12.5.3: a MUST NOT";
  }
  const auto packed =
      gateway_.post(chat_path, chat_body, std::string{json_type} + "Content-Encoding: gzip\r\n");
  EXPECT_EQ(packed.status, 415u);
  EXPECT_EQ(packed.field("Accept-Encoding"), "identity");
  EXPECT_NE(packed.body.find("compressed"), std::string::npos) << packed.body;
  EXPECT_EQ(upstream_.requests(), 0u);
}

TEST_F(request_check, media_type_under_which_people_send_json_is_accepted) {
  for (const std::string line :
       {"", "Content-Type: application/json\r\n",
        "Content-Type: Application/JSON; charset=utf-8\r\n",
        "Content-Type: application/json ;charset=utf-8\r\n", "Content-Type: text/json\r\n",
        "Content-Type: application/vnd.api+json\r\n", "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Encoding: identity\r\n"}) {
    SCOPED_TRACE(line);
    EXPECT_TRUE(gateway_.post(chat_path, chat_body, line).ok());
  }
}

TEST_F(request_check, body_that_is_no_json_object_is_400) {
  const std::vector<std::pair<std::string, std::string>> bodies{
      {"nothing", ""},
      {"white space", " \r\n\t "},
      {"word", "hello"},
      {"form", "model=m&stream=true"},
      {"unfinished", R"({"model":"m")"},
      {"unfinished text", R"({"model":"m)"},
      {"trailing comma", R"({"model":"m",})"},
      {"two values", "{} {}"},
      {"rest behind it", "{}x"},
      {"comment", "{/* */}"},
      {"single quotes", "{'model':'m'}"},
      {"no quotes", "{model:1}"},
      {"bad escape", R"({"a":"\x"})"},
      {"lone surrogate", R"({"a":"\ud800"})"},
      {"control character", "{\"a\":\"\n\"}"},
      {"not UTF-8", "{\"a\":\"\xff\xfe\"}"},
      {"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}"},
      {"NaN", R"({"a":NaN})"},
      {"leading zero", R"({"a":01})"},
      {"array", "[]"},
      {"text", R"("text")"},
      {"number", "1"},
      {"null", "null"},
      {"byte order mark", "\xef\xbb\xbf{}"},
      {"nested too deeply", R"({"a":)" + std::string(200, '[') + std::string(200, ']') + "}"},
      {"nested without an end", std::string(100'000, '[')},
  };
  auto client = gateway_.connect();
  for (const auto& [name, body] : bodies) {
    SCOPED_TRACE(name);
    const auto reply = client.post(chat_path, body, json_type);
    EXPECT_EQ(reply.status, 400u);
    EXPECT_EQ(text_at(reply.body, "/error/code"), "invalid_json") << reply.body;
    EXPECT_FALSE(text_at(reply.body, "/error/message").empty());
  }
  EXPECT_EQ(upstream_.requests(), 0u);
  EXPECT_TRUE(client.post(chat_path, chat_body, json_type).ok()); // still the same connection
}

TEST_F(request_check, json_that_is_unusual_but_right_passes_unchanged) {
  for (const std::string body :
       {"{}", " {\n} \n", R"({"a":12345678901234567890123})", R"({"a":1e308,"b":-0.0})",
        R"({"model":"a","model":"b"})", R"({"\u006dodel":"m","emoji":"\ud83d\ude00"})",
        "{\"text\":\"\xc3\xa4\xf0\x9f\x98\x80\x7f\"}"}) {
    SCOPED_TRACE(body);
    const auto reply = gateway_.post(chat_path, body, json_type);
    EXPECT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/body"), body);
  }
}

// ---- request ids ----

TEST_F(request_check, valid_request_id_is_kept_everywhere) {
  const std::string id = "trace-1/span:2+3=4@host_5.6";
  const auto reply =
      gateway_.post(chat_path, chat_body, std::string{json_type} + "X-Request-Id: " + id + "\r\n");
  EXPECT_EQ(reply.field("X-Request-Id"), id);
  EXPECT_EQ(reply.count("X-Request-Id"), 1u);
  ASSERT_EQ(upstream_.seen().size(), 1u);
  EXPECT_EQ(upstream_.seen()[0].field("X-Request-Id"), id);
  EXPECT_EQ(upstream_.seen()[0].count("X-Request-Id"), 1u);
  EXPECT_TRUE(support::wait_until([&] { return gateway_.out().find(id) != std::string::npos; }));
  // Answers of the gateway itself carry it as well.
  EXPECT_EQ(gateway_.get("/nowhere", "x-request-id: " + id + "\r\n").field("X-Request-Id"), id);
}

TEST_F(request_check, request_id_is_made_when_there_is_none) {
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    const auto id = gateway_.get("/livez").field("X-Request-Id");
    EXPECT_GE(id.size(), 16u);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 20u);
}

TEST_F(request_check, request_id_that_is_invalid_is_replaced) {
  for (const auto& id : {std::string{"two words"}, std::string{"quote\""}, std::string{"<b>"},
                         std::string{"\xc3\xa4"}, std::string(129, 'x'), std::string{}}) {
    SCOPED_TRACE(id);
    const auto reply = gateway_.get("/livez", "X-Request-Id: " + id + "\r\n");
    EXPECT_TRUE(reply.ok());
    EXPECT_NE(reply.field("X-Request-Id"), id);
    EXPECT_GE(reply.field("X-Request-Id").size(), 16u);
  }
}

TEST_F(request_check, answer_has_date_and_type) {
  const auto reply = gateway_.get("/livez");
  EXPECT_EQ(reply.field("Content-Type"), "application/json");
  EXPECT_EQ(reply.field("Date").size(), 29u);
  EXPECT_TRUE(reply.field("Date").ends_with(" GMT"));
}

// ---- failed backends ----

TEST(backend_failure, has_the_envelope_of_its_path) {
  const support::closed_port nobody;
  const auto url = "http://127.0.0.1:" + std::to_string(nobody.port());
  gateway_process gateway{
      config_with(backend("llama-router", url, "retry: {attempts: 1}, breaker: {enabled: false}"),
                  "routes: {\"/custom/*\": llama-router}\n")};
  const auto chat = gateway.post(chat_path, chat_body, json_type);
  EXPECT_EQ(chat.status, 503u);
  EXPECT_EQ(text_at(chat.body, "/error/code"), "backend_unavailable") << chat.body;
  EXPECT_EQ(text_at(chat.body, "/error/type"), "server_error");
  EXPECT_NE(text_at(chat.body, "/error/message").find("llama-router"), std::string::npos);
  EXPECT_FALSE(chat.field("Retry-After").empty());

  const auto other = gateway.get("/custom/x");
  EXPECT_EQ(other.status, 503u);
  EXPECT_EQ(text_at(other.body, "/error"), "Backend unavailable") << other.body;
  EXPECT_NE(text_at(other.body, "/detail").find("llama-router"), std::string::npos);
  EXPECT_FALSE(other.field("Retry-After").empty());
}

} // namespace
} // namespace synapse::integration
