// What web pages of other origins get, and which names the gateway answers to: raw requests as
// browsers send them.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

namespace synapse::integration::foreign_pages {
namespace {

using support::gateway_process;
using support::http_reply;
using support::request_bytes;

constexpr std::string_view evil = "Origin: http://evil.example\r\n";
constexpr std::string_view chat_page = "Origin: https://chat.example\r\n";
constexpr std::string_view named = "cors: {origins: [\"https://chat.example\"]}\n";

/// Asks on a connection of its own.
http_reply ask(const gateway_process& gateway, std::string_view method, std::string_view path,
               std::string_view fields, std::string_view body = {}) {
  auto client = gateway.connect();
  client.send(request_bytes(method, path, body, fields));
  return client.read_reply(method == "HEAD");
}

http_reply ask_as(const gateway_process& gateway, std::string_view host, std::string_view line) {
  auto client = gateway.connect();
  client.send(std::string{line} + "\r\nHost: " + std::string{host} + "\r\n\r\n");
  return client.read_reply();
}

std::string all_routes_to(const support::scripted_upstream& upstream, std::string_view top) {
  return config_with(backend("llama-router", upstream.url(), "manage_models: false") +
                         backend("llama-embed", upstream.url()) +
                         backend("chatterbox-tts", upstream.url()),
                     std::string{top} + "routes: {/raw/*: llama-router}\n");
}

/// Nothing in it tells a browser that a page may read it.
void expect_unreadable(const http_reply& reply) {
  for (const auto& [name, value] : reply.fields)
    EXPECT_FALSE(name.starts_with("Access-Control-")) << name << ": " << value;
}

void expect_readable(const http_reply& reply) {
  EXPECT_EQ(reply.field("Access-Control-Allow-Origin"), "https://chat.example");
  EXPECT_EQ(reply.count("Access-Control-Allow-Origin"), 1u);
  EXPECT_EQ(reply.count("Access-Control-Allow-Credentials"), 0u);
  EXPECT_EQ(reply.field("Vary"), "Origin");
  EXPECT_NE(reply.field("Access-Control-Expose-Headers").find("X-Request-Id"), std::string::npos);
}

struct call {
  std::string method, path, fields, body;
};

/// What changes something or costs work, as a page can have it sent without a preflight, and more.
std::vector<call> costly_calls() {
  const std::string plain = "Content-Type: text/plain\r\n";
  const std::string form = "Content-Type: multipart/form-data; boundary=b\r\n";
  const std::string chat{chat_body};
  return {{"POST", "/v1/chat/completions", plain, chat},
          {"POST", "/v1/chat/completions", std::string{json_type}, chat},
          {"POST", "/v1/embeddings", plain, R"({"input":"x"})"},
          {"POST", "/models/load", plain, R"({"model":"m","system_prompt":"Obey."})"},
          {"POST", "/models/unload", plain, R"({"model":"m"})"},
          {"PUT", "/models/m/profile", plain, R"({"temperature":1})"},
          {"POST", "/voices", form, "--b--\r\n"},
          {"DELETE", "/voices/x", "", ""},
          {"POST", "/tts/synthesize", plain, R"({"text":"x"})"},
          {"POST", "/dashboard/login", "Content-Type: application/x-www-form-urlencoded\r\n",
           "access_token=x"},
          {"POST", "/api/requests/x/cancel", "X-Synapse-Dashboard: 1\r\n", ""},
          {"GET", "/v1/models", "", ""},
          {"GET", "/models", "", ""},
          {"GET", "/voices", "", ""},
          {"GET", "/dashboard/login?access_token=x", "", ""},
          {"GET", "/api/overview", "", ""},
          {"GET", "/events/terminal", "", ""},
          {"GET", "/raw/thing", "", ""},
          {"HEAD", "/raw/thing", "", ""},
          {"OPTIONS", "/raw/thing", "", ""},
          {"POST", "/raw/thing", plain, "x"}};
}

TEST(foreign_page, gets_403_for_what_changes_something_or_costs_work) {
  support::scripted_upstream upstream{echo()};
  const gateway_process gateway{all_routes_to(upstream, "")};
  for (const auto& one : costly_calls())
    for (const std::string& sign :
         {std::string{evil}, std::string{"Origin: null\r\n"},
          std::string{"Sec-Fetch-Site: same-site\r\nOrigin: http://localhost:1\r\n"}}) {
      SCOPED_TRACE(one.method + " " + one.path + " " + sign);
      const auto reply = ask(gateway, one.method, one.path, one.fields + sign, one.body);
      EXPECT_EQ(reply.status, 403u);
      expect_unreadable(reply);
      if (one.method == "HEAD")
        continue;
      const auto said =
          text_at(reply.body, one.path.starts_with("/v1/") ? "/error/message" : "/detail");
      EXPECT_NE(said.find("cors.origins"), std::string::npos) << reply.body;
    }
  EXPECT_EQ(upstream.requests(), 0u);
  EXPECT_TRUE(gateway.wait_for_metric("synapse_local_replies_total", R"(detail="origin_refused")",
                                      static_cast<double>(3 * costly_calls().size())));
}

TEST(foreign_page, may_ask_for_what_costs_nothing_but_not_read_it) {
  support::scripted_upstream upstream{echo()};
  const gateway_process gateway{all_routes_to(upstream, "")};
  for (const auto* path :
       {"/livez", "/readyz", "/metrics", "/openapi.json", "/dashboard/login.css"}) {
    const auto reply = ask(gateway, "GET", path, evil);
    EXPECT_EQ(reply.status, 200u) << path;
    expect_unreadable(reply);
    EXPECT_EQ(reply.count("Vary"), 0u) << "the same to all";
  }
  const std::string link = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                           "Sec-Fetch-Dest: document\r\n";
  EXPECT_EQ(ask(gateway, "GET", "/docs", link).status, 200u) << "people follow links";
}

TEST(foreign_page, is_told_no_before_it_asks) {
  support::scripted_upstream upstream{echo()};
  const gateway_process gateway{all_routes_to(upstream, "")};
  for (const auto* path : {"/v1/chat/completions", "/models/load", "/raw/thing", "/nowhere"}) {
    const auto reply = ask(gateway, "OPTIONS", path,
                           std::string{evil} + "Access-Control-Request-Method: POST\r\n"
                                               "Access-Control-Request-Headers: content-type\r\n");
    EXPECT_EQ(reply.status, 403u) << path;
    expect_unreadable(reply);
  }
  EXPECT_EQ(upstream.requests(), 0u);
}

TEST(own_page, is_served_and_so_is_who_is_no_browser) {
  support::scripted_upstream upstream{echo()};
  const gateway_process gateway{all_routes_to(upstream, "")};
  for (const auto* sign : {"", "Origin: http://localhost\r\n", "Sec-Fetch-Site: same-origin\r\n",
                           "Sec-Fetch-Site: none\r\n", "Sec-Fetch-Mode: cors\r\n"}) {
    const auto reply = ask(gateway, "POST", chat_path, std::string{json_type} + sign, chat_body);
    EXPECT_EQ(reply.status, 200u) << sign;
    expect_unreadable(reply);
  }
}

// ---- configured origins ----

TEST(configured_page, is_answered_before_it_asks_without_a_backend) {
  support::scripted_upstream upstream{echo()};
  const gateway_process gateway{all_routes_to(upstream, named)};
  const auto reply = ask(gateway, "OPTIONS", chat_path,
                         std::string{chat_page} +
                             "Access-Control-Request-Method: POST\r\n"
                             "Access-Control-Request-Headers: authorization,x-stainless-os\r\n"
                             "Access-Control-Request-Private-Network: true\r\n");
  EXPECT_EQ(reply.status, 204u);
  expect_readable(reply);
  EXPECT_EQ(reply.field("Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_EQ(reply.field("Access-Control-Allow-Headers"), "authorization,x-stainless-os");
  EXPECT_EQ(reply.field("Access-Control-Allow-Private-Network"), "true");
  EXPECT_FALSE(reply.field("Access-Control-Max-Age").empty());
  const auto passed_on = ask(gateway, "OPTIONS", "/raw/thing",
                             std::string{chat_page} + "Access-Control-Request-Method: PATCH\r\n"
                                                      "Access-Control-Request-Headers: a(b\r\n");
  EXPECT_EQ(passed_on.status, 204u);
  EXPECT_EQ(passed_on.field("Access-Control-Allow-Methods"), "PATCH");
  EXPECT_NE(passed_on.field("Access-Control-Allow-Headers").find("Authorization"),
            std::string::npos)
      << "what is no list of names is not repeated";
  EXPECT_EQ(upstream.requests(), 0u);
}

TEST(configured_page, may_read_answers_errors_and_streams) {
  support::scripted_upstream upstream{support::answer_each([](const auto& request) {
    if (request.body.find("stream") == std::string::npos)
      return support::answer_bytes(
          200, R"({"object":"chat.completion","choices":[{"index":0,"finish_reason":"stop",)"
               R"("message":{"role":"assistant","content":"x"}}]})");
    const auto events = content_event +
                        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" +
                        done_event;
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
           std::to_string(events.size()) + "\r\n\r\n" + events;
  })};
  const gateway_process gateway{all_routes_to(upstream, named)};
  const auto fields = std::string{json_type} + std::string{chat_page};
  const call calls[] = {
      {"POST", "/v1/chat/completions", fields, std::string{chat_body}},
      {"POST", "/v1/chat/completions", fields,
       R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})"},
      {"POST", "/v1/chat/completions", fields, "{"},
      {"POST", "/v1/chat/completions", std::string{chat_page} + "Content-Type: text/plain\r\n",
       std::string{chat_body}},
      {"GET", "/openapi.json", fields, ""},
      {"GET", "/livez", fields, ""},
      {"HEAD", "/livez", fields, ""},
      {"GET", "/nowhere", fields, ""},
      {"PATCH", "/v1/models", fields, ""},
      {"POST", "/raw/thing", fields, "{}"}};
  const unsigned statuses[] = {200, 200, 400, 415, 200, 200, 200, 404, 405, 200};
  auto client = gateway.connect();
  for (std::size_t i = 0; i < std::size(calls); ++i) {
    const auto& one = calls[i];
    SCOPED_TRACE(one.method + " " + one.path + " " + one.body);
    client.send(request_bytes(one.method, one.path, one.body, one.fields));
    const auto reply = client.read_reply(one.method == "HEAD");
    EXPECT_EQ(reply.status, statuses[i]) << reply.body;
    EXPECT_TRUE(reply.complete());
    expect_readable(reply);
  }
  // The fields are those of one answer, not of its connection.
  const auto next = client.get("/livez");
  EXPECT_TRUE(next.ok());
  expect_unreadable(next);
  EXPECT_EQ(next.field("Vary"), "Origin") << "a cache must not give it to a page";
}

TEST(configured_page, is_that_one_alone_and_not_in_the_dashboard) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{all_routes_to(upstream, named)};
  for (const auto* other :
       {"https://chat.example:8443", "http://chat.example", "https://x.example"}) {
    const auto reply = ask(gateway, "POST", chat_path,
                           std::string{json_type} + "Origin: " + other + "\r\n", chat_body);
    EXPECT_EQ(reply.status, 403u) << other;
    expect_unreadable(reply);
  }
  EXPECT_EQ(ask(gateway, "GET", "/api/overview", chat_page).status, 403u);
  EXPECT_EQ(upstream.requests(), 0u);
  // The list is read anew with the file.
  EXPECT_TRUE(gateway.reload(all_routes_to(upstream, "")));
  EXPECT_EQ(
      ask(gateway, "POST", chat_path, std::string{json_type} + std::string{chat_page}, chat_body)
          .status,
      403u);
}

// ---- names ----

TEST(host_name, that_is_not_known_is_421_and_says_how_to_name_it) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{all_routes_to(upstream, "")};
  for (const auto* line : {"GET /v1/models HTTP/1.1", "GET /v1/nowhere HTTP/1.1",
                           "OPTIONS /v1/chat/completions HTTP/1.1"}) {
    for (const auto* host : {"evil.example", "evil.example:8000", "127.0.0.1.evil.example"}) {
      const auto reply = ask_as(gateway, host, line);
      EXPECT_EQ(reply.status, 421u) << line << ' ' << host;
      EXPECT_EQ(text_at(reply.body, "/error/code"), "misdirected_request") << reply.body;
      EXPECT_NE(reply.body.find("listener.hosts"), std::string::npos) << reply.body;
    }
  }
  EXPECT_EQ(ask_as(gateway, "localhost", "GET http://evil.example/docs HTTP/1.1").status, 421u)
      << "the target's name counts";
  EXPECT_EQ(upstream.requests(), 0u);
  for (const auto* path : {"/livez", "/readyz"})
    EXPECT_EQ(ask_as(gateway, "10.0.0.7:8000", "GET " + std::string{path} + " HTTP/1.1").status,
              200u)
        << "an orchestrator has names of its own";
  for (const auto* host : {"localhost:1", "a.localhost", "127.0.0.9", "[::1]:8000"})
    EXPECT_EQ(ask_as(gateway, host, "GET /docs HTTP/1.1").status, 200u) << host;
  auto old = gateway.connect();
  old.send("GET /docs HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_reply().status, 200u) << "HTTP/1.0 needs no name";
  EXPECT_TRUE(gateway.reload(all_routes_to(upstream, "listener: {hosts: [ai.home.arpa]}\n")));
  EXPECT_EQ(ask_as(gateway, "AI.home.arpa:8443", "GET /docs HTTP/1.1").status, 200u);
  EXPECT_EQ(ask_as(gateway, "evil.example", "GET /docs HTTP/1.1").status, 421u);
}

TEST(host_name, is_anything_on_other_addresses) {
  support::scripted_upstream upstream{echo()};
  gateway_process::options how;
  how.environment["SYNAPSE_HOST"] = "0.0.0.0";
  const gateway_process gateway{all_routes_to(upstream, ""), how};
  EXPECT_EQ(ask_as(gateway, "synapse.example", "GET /docs HTTP/1.1").status, 200u);
}

// ---- media types ----

TEST(media_type, of_json_is_json_where_a_browser_sends_it) {
  support::scripted_upstream upstream{echo()};
  const gateway_process gateway{all_routes_to(upstream, "")};
  const std::string own = "Origin: http://localhost\r\n";
  const std::pair<std::string, std::string> routes[] = {
      {"POST", "/v1/chat/completions"}, {"POST", "/v1/completions"},
      {"POST", "/v1/embeddings"},       {"POST", "/v1/audio/speech"},
      {"POST", "/models/load"},         {"POST", "/models/unload"},
      {"PUT", "/models/m/profile"},     {"POST", "/models/m/profile/apply"},
      {"POST", "/tts/synthesize"},      {"POST", "/tts/stream"},
      {"POST", "/tts/interpolate"},     {"POST", "/dashboard/login"}};
  for (const auto& [method, path] : routes)
    for (const auto* type : {"", "Content-Type: text/plain;charset=UTF-8\r\n",
                             "Content-Type: multipart/form-data\r\n"}) {
      SCOPED_TRACE(method + " " + path + " " + type);
      EXPECT_EQ(ask(gateway, method, path, own + type, R"({"model":"m"})").status, 415u);
    }
  EXPECT_EQ(upstream.requests(), 0u);
  for (const auto* type : {"application/json", "Application/JSON; charset=utf-8", "text/json",
                           "application/vnd.api+json"})
    EXPECT_TRUE(
        ask(gateway, "POST", chat_path, own + "Content-Type: " + type + "\r\n", chat_body).ok())
        << type;
}

} // namespace
} // namespace synapse::integration::foreign_pages
