// The dashboard's gate, files and questions, without a browser.
#include "tests/observation/viewer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace synapse::test {
namespace {

using integration::text_at;
using json = nlohmann::json;

std::string log_in(const gateway_process& gateway) {
  const auto reply = ask(gateway, "POST", "/dashboard/login",
                         "Content-Type: application/x-www-form-urlencoded\r\n",
                         "access_token=" + std::string{token});
  EXPECT_EQ(reply.status, 303u) << reply.body;
  EXPECT_EQ(reply.field("Location"), "/dashboard");
  const auto cookie = reply.field("Set-Cookie");
  return "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
}

TEST(dashboard, everything_of_it_is_behind_the_gate) {
  const gateway_process gateway{lonely_config(), live()};
  for (const auto* path :
       {"/", "/ui", "/dashboard", "/events/terminal", "/api/session", "/api/overview",
        "/api/backends", "/api/backend-routes", "/api/requests", "/api/requests/finished",
        "/api/catalog", "/api/config", "/cluster", "/api/voices/x/references/ref_001.wav"}) {
    const auto reply = gateway.get(path);
    EXPECT_EQ(reply.status, 401u) << path;
    EXPECT_EQ(gateway.get(path, "Cookie: synapse_dash_token=" + std::string{token} + "\r\n").status,
              401u)
        << "the cookie is not the token: " << path;
  }
  EXPECT_EQ(ask(gateway, "POST", "/api/requests/x/cancel", "").status, 401u);
  EXPECT_EQ(ask(gateway, "POST", "/api/backends/llama-router/test", "").status, 401u);
  EXPECT_EQ(ask(gateway, "POST", "/api/catalog/deployments/drain", "").status, 401u);
  EXPECT_EQ(ask(gateway, "POST", "/api/catalog/deployments/enable", "").status, 401u);
  const auto page = gateway.get("/dashboard", "Accept: text/html,*/*\r\n");
  EXPECT_EQ(page.status, 401u);
  EXPECT_NE(page.body.find("<form"), std::string::npos) << "a browser gets the login page";
  EXPECT_NE(page.field("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
}

TEST(dashboard, a_login_is_a_cookie_until_the_logout) {
  const gateway_process gateway{lonely_config(), live()};
  const auto cookie = log_in(gateway);
  EXPECT_EQ(cookie.find(token), std::string::npos);
  EXPECT_EQ(gateway.get("/api/session", cookie).status, 200u);
  const auto session = json::parse(gateway.get("/api/session", cookie).body);
  EXPECT_EQ(session["gate"], "token");
  EXPECT_EQ(session["instance"], "gw-test");
  EXPECT_TRUE(session["expires_at"].is_number());
  EXPECT_EQ(ask(gateway, "POST", "/dashboard/logout", cookie).status, 403u) << "not from a form";
  const auto out = ask(gateway, "POST", "/dashboard/logout", cookie + "X-Synapse-Dashboard: 1\r\n");
  EXPECT_EQ(out.status, 204u);
  EXPECT_NE(out.field("Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(gateway.get("/api/session", cookie).status, 401u) << "also for who has kept the cookie";
}

TEST(dashboard, one_logs_in_by_link_by_form_or_by_json) {
  const gateway_process gateway{lonely_config(), live()};
  const auto link = gateway.get("/dashboard/login?access_token=" + std::string{token});
  EXPECT_EQ(link.status, 303u);
  EXPECT_FALSE(link.field("Set-Cookie").empty());
  EXPECT_EQ(link.field("Location"), "/dashboard") << "the token leaves the address bar";
  const auto as_json = ask(gateway, "POST", "/dashboard/login", std::string{integration::json_type},
                           json{{"access_token", token}}.dump());
  EXPECT_EQ(as_json.status, 204u);
  EXPECT_FALSE(as_json.field("Set-Cookie").empty());
  EXPECT_EQ(
      ask(gateway, "POST", "/dashboard/login", std::string{integration::json_type}, "{}").status,
      400u);
  EXPECT_EQ(
      ask(gateway, "POST", "/dashboard/login", std::string{integration::json_type}, "[").status,
      400u);
  EXPECT_EQ(ask(gateway, "POST", "/dashboard/login", std::string{integration::json_type},
                std::string(20'000, ' '))
                .status,
            413u);
  EXPECT_EQ(gateway.get("/dashboard/login").status, 200u);
  EXPECT_TRUE(gateway.wait_for_log("listening"));
  EXPECT_EQ(gateway.out().find(token), std::string::npos) << "not in the access log";
  EXPECT_EQ(gateway.err().find(token), std::string::npos);
}

TEST(dashboard, who_guesses_tokens_is_slowed_down) {
  const gateway_process gateway{lonely_config(), live()};
  unsigned limited = 0;
  for (int i = 0; i < 25; ++i) {
    const auto reply = gateway.get("/api/session", "Authorization: Bearer guess\r\n");
    if (reply.status == 429u) {
      ++limited;
      EXPECT_FALSE(reply.field("Retry-After").empty());
    } else {
      EXPECT_EQ(reply.status, 401u);
    }
  }
  EXPECT_GE(limited, 1u);
  EXPECT_EQ(gateway.get("/readyz").status, 200u) << "nobody else is";
}

TEST(dashboard, without_a_token_it_is_open_on_this_machine_only_and_says_so) {
  auto how = live();
  how.environment.erase("SYNAPSE_DASHBOARD_ACCESS_TOKEN");
  const gateway_process open{lonely_config(), how};
  const auto status = [&](const std::string& line, const std::string& fields) {
    auto client = open.connect();
    client.send(line + " HTTP/1.1\r\n" + fields + "\r\n");
    return client.read_reply().status;
  };
  EXPECT_EQ(status("GET /api/session", "Host: localhost:8000\r\n"), 200u);
  EXPECT_TRUE(open.wait_for_log("the dashboard is open"));
  EXPECT_EQ(status("GET /api/session", "Host: evil.example\r\n"), 421u)
      << "a name that was made to point here";
  const std::string cancel = "POST /api/requests/x/cancel";
  EXPECT_EQ(status(cancel, "Host: localhost\r\n"), 403u);
  EXPECT_EQ(status(cancel, "Host: localhost\r\nX-Synapse-Dashboard: 1\r\n"), 404u);
  how.environment["SYNAPSE_HOST"] = "0.0.0.0";
  const gateway_process wide{lonely_config(), how};
  EXPECT_EQ(wide.get("/api/session").status, 403u);
  EXPECT_TRUE(wide.wait_for_log("the dashboard is closed"));
}

TEST(dashboard, without_a_token_nobody_gets_in_through_a_proxy_and_is_told_how) {
  auto how = live();
  how.environment.erase("SYNAPSE_DASHBOARD_ACCESS_TOKEN");
  const gateway_process gateway{lonely_config(), how};
  const std::string through = "X-Forwarded-For: 192.0.2.1\r\n";
  for (const auto* path : {"/api/session", "/api/requests", "/events/terminal", "/cluster"}) {
    const auto reply = gateway.get(path, through);
    EXPECT_EQ(reply.status, 403u) << path;
    EXPECT_NE(text_at(reply.body, "/detail").find("SYNAPSE_DASHBOARD_ACCESS_TOKEN"),
              std::string::npos)
        << reply.body;
  }
  for (const auto* path :
       {"/", "/dashboard", "/dashboard/login", "/dashboard/login?access_token=x"}) {
    const auto page = gateway.get(path, through + "Accept: text/html\r\n");
    EXPECT_EQ(page.status, 403u) << path;
    EXPECT_NE(page.body.find("SYNAPSE_DASHBOARD_ACCESS_TOKEN"), std::string::npos) << path;
    EXPECT_EQ(page.body.find("<form"), std::string::npos) << "no login could succeed: " << path;
  }
  EXPECT_EQ(ask(gateway, "POST", "/dashboard/login", through + std::string{integration::json_type},
                R"({"access_token":"x"})")
                .status,
            403u);
  EXPECT_EQ(gateway.get("/dashboard/login").status, 303u)
      << "from here there is nothing to log in to";
}

TEST(dashboard, without_a_token_it_is_closed_where_proxies_or_names_are_configured) {
  auto how = live();
  how.environment.erase("SYNAPSE_DASHBOARD_ACCESS_TOKEN");
  gateway_process named{lonely_config("listener: {hosts: [ai.home.arpa]}\n"), how};
  EXPECT_EQ(named.get("/api/session").status, 403u);
  EXPECT_TRUE(named.wait_for_log("the dashboard is closed: listener.hosts names ai.home.arpa"));
  EXPECT_TRUE(named.reload(lonely_config("listener: {hosts: [gw.localhost]}\n")));
  EXPECT_EQ(named.get("/api/session").status, 200u) << "names of this machine alone";
  how.environment["SYNAPSE_TRUSTED_PROXIES"] = "127.0.0.1";
  const gateway_process behind{lonely_config(), how};
  EXPECT_EQ(behind.get("/api/session").status, 403u);
  EXPECT_TRUE(behind.wait_for_log("the dashboard is closed: SYNAPSE_TRUSTED_PROXIES"));
}

TEST(dashboard, guesses_from_elsewhere_do_not_lock_the_owner_out) {
  const gateway_process gateway{lonely_config(), live({{"SYNAPSE_TRUSTED_PROXIES", "127.0.0.1"}})};
  auto client = gateway.connect();
  unsigned limited = 0;
  for (int i = 0; i < 240; ++i) {
    const auto reply = client.get("/api/session", "Authorization: Bearer guess\r\nX-Forwarded-For: "
                                                  "198.51.100." +
                                                      std::to_string(i % 20) + "\r\n");
    limited += reply.status == 429u ? 1 : 0;
  }
  EXPECT_GE(limited, 1u);
  const auto owner =
      client.get("/api/session", std::string{bearer} + "X-Forwarded-For: 192.0.2.1\r\n");
  EXPECT_EQ(owner.status, 200u) << owner.body;
}

TEST(dashboard, serves_the_front_end_compressed_cached_and_within_a_strict_policy) {
  support::temporary_directory files;
  std::filesystem::create_directories(files.path() / "assets");
  support::write_file(files.path() / "index.html", "<!doctype html><title>Synapse</title>");
  support::write_file(files.path() / "assets/app.123.js", "console.log(1)");
  support::write_file(files.path() / "assets/app.123.js.br", "BROTLI");
  const gateway_process gateway{lonely_config(),
                                live({{"SYNAPSE_DASHBOARD_DIR", files.path().string()}})};
  for (const auto* path : {"/", "/ui", "/dashboard"}) {
    const auto page = gateway.get(path, bearer);
    EXPECT_EQ(page.status, 200u);
    EXPECT_NE(page.body.find("Synapse"), std::string::npos);
    EXPECT_EQ(page.field("Cache-Control"), "no-cache");
    const auto policy = page.field("Content-Security-Policy");
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    const auto again =
        gateway.get(path, std::string{bearer} + "If-None-Match: " + page.field("ETag") + "\r\n");
    EXPECT_EQ(again.status, 304u);
    EXPECT_EQ(again.field("Content-Length"), "");
    EXPECT_TRUE(again.body.empty());
  }
  support::write_file(files.path() / "docs.html", "<!doctype html><title>Synapse API</title>");
  const gateway_process with_docs{lonely_config(),
                                  live({{"SYNAPSE_DASHBOARD_DIR", files.path().string()}})};
  const auto docs = with_docs.get("/docs");
  EXPECT_NE(docs.body.find("Synapse API</title>"), std::string::npos) << "open to all";
  EXPECT_NE(docs.field("Content-Security-Policy").find("frame-ancestors 'none'"),
            std::string::npos);
  EXPECT_NE(gateway.get("/docs").body.find("<h1>"), std::string::npos) << "it is not built there";
  EXPECT_NE(gateway.get("/docs").field("Content-Security-Policy").find("frame-ancestors 'none'"),
            std::string::npos);
  EXPECT_EQ(gateway.get("/favicon.ico").field("Content-Type"), "image/svg+xml");
  const auto plain = gateway.get("/dashboard/assets/app.123.js");
  EXPECT_EQ(plain.body, "console.log(1)");
  EXPECT_NE(plain.field("Cache-Control").find("immutable"), std::string::npos);
  const auto packed = gateway.get("/dashboard/assets/app.123.js", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(packed.field("Content-Encoding"), "br");
  EXPECT_EQ(packed.body, "BROTLI");
  EXPECT_EQ(packed.field("Vary"), "Accept-Encoding");
  for (const auto* path : {"/dashboard/assets/none.js", "/dashboard/assets/..%2findex.html",
                           "/dashboard/assets/app.123.js.br"})
    EXPECT_EQ(gateway.get(path).status, 404u) << path;
}

TEST(dashboard, without_a_front_end_says_how_to_get_it) {
  const gateway_process gateway{lonely_config(), live({{"SYNAPSE_DASHBOARD_DIR", "/nonexistent"}})};
  const auto page = gateway.get("/", bearer);
  EXPECT_EQ(page.status, 200u);
  EXPECT_NE(page.body.find("make dashboard"), std::string::npos);
}

TEST(dashboard_questions, tell_what_the_backends_do) {
  support::scripted_upstream upstream{integration::echo()};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  EXPECT_EQ(
      gateway.post(integration::chat_path, integration::chat_body, integration::json_type).status,
      200u);
  json backends;
  // Good outcomes are told a moment later.
  EXPECT_TRUE(support::wait_until([&] {
    backends = get_json(gateway, "/api/backends")["backends"];
    return backends.size() != 1 || backends[0]["attempts"] != 0;
  }));
  ASSERT_EQ(backends.size(), 1u);
  const auto& one = backends[0];
  EXPECT_EQ(one["name"], "llama-router");
  EXPECT_EQ(one["circuit"], "closed");
  EXPECT_EQ(one["attempts"], 1);
  EXPECT_EQ(one["failures"], 0);
  EXPECT_EQ(one["addresses"][0], "127.0.0.1:" + std::to_string(upstream.port()));
  EXPECT_TRUE(one["last_error"].is_null());
  const auto routes = get_json(gateway, "/api/backend-routes");
  ASSERT_TRUE(routes.contains("llama-router"));
  bool has_chat = false;
  for (const auto& group : routes["llama-router"]["groups"]) {
    EXPECT_TRUE(group["title"].is_string());
    for (const auto& route : group["routes"])
      has_chat = has_chat || route == json({{"method", "POST"}, {"path", "/v1/chat/completions"}});
  }
  EXPECT_TRUE(has_chat);
  EXPECT_EQ(get_json(gateway, "/cluster")["members"].size(), 1u);
}

TEST(dashboard_questions, tell_the_last_error_and_an_open_circuit) {
  const gateway_process gateway{integration::config_with(integration::backend(
                                    "llama-router", "http://127.0.0.1:9",
                                    "retry: {attempts: 1}, breaker: {failures: 1, cooldown: 60s}")),
                                live()};
  gateway.post(integration::chat_path, integration::chat_body, integration::json_type);
  EXPECT_TRUE(gateway.wait_for_metric("synapse_breaker_opened_total", "", 1));
  const auto one = get_json(gateway, "/api/backends")["backends"][0];
  EXPECT_EQ(one["circuit"], "open");
  EXPECT_GT(one["open_for_ms"].get<int>(), 0);
  EXPECT_EQ(one["last_error"]["what"], "connect_failure");
  EXPECT_GT(one["last_error"]["at"].get<std::int64_t>(), 0);
}

TEST(dashboard_questions, the_overview_asks_for_health_when_nothing_is_known) {
  support::scripted_upstream upstream{integration::echo()};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  EXPECT_TRUE(support::wait_until(
      [&] { return get_json(gateway, "/api/overview")["backends"][0]["status"] == "healthy"; }));
  const auto overview = get_json(gateway, "/api/overview");
  EXPECT_EQ(overview["instance"], "gw-test");
  EXPECT_EQ(overview["in_flight"], 0) << "the page's own question is none of people's";
  EXPECT_TRUE(overview["ready"]);
  EXPECT_EQ(overview["backends"][0]["history"].size(), 1u);
  EXPECT_EQ(gateway.get("/api/overview?since=soon", bearer).status, 400u);
}

TEST(dashboard_questions, list_requests_under_way_and_cancel_them) {
  support::scripted_upstream upstream{[](support::upstream_connection& connection) {
    if (connection.read_request())
      connection.wait_until_peer_closes();
  }};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  http_reply answer;
  std::thread client{[&] {
    answer = gateway.post(integration::chat_path, integration::chat_body,
                          std::string{integration::json_type} + "X-Request-Id: long-one\r\n");
  }};
  json found;
  EXPECT_TRUE(support::wait_until([&] {
    const auto all = get_json(gateway, "/api/requests");
    for (const auto& one : all["requests"])
      if (one["id"] == "long-one" && one["backend"] == "llama-router")
        found = one;
    return !found.is_null();
  }));
  EXPECT_EQ(found["method"], "POST");
  EXPECT_EQ(found["path"], "/v1/chat/completions");
  EXPECT_EQ(found["state"], "waiting");
  EXPECT_EQ(found["client"], "127.0.0.1");
  const auto canceled = ask(gateway, "POST", "/api/requests/long-one/cancel", std::string{bearer});
  EXPECT_EQ(canceled.status, 200u) << canceled.body;
  EXPECT_EQ(json::parse(canceled.body)["canceled"], true);
  client.join();
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(text_at(answer.body, "/error/code"), "canceled");
  EXPECT_EQ(answer.field("X-Should-Retry"), "false");
  EXPECT_TRUE(
      support::wait_until([&] { return get_json(gateway, "/api/requests")["requests"].empty(); }));
  EXPECT_EQ(ask(gateway, "POST", "/api/requests/long-one/cancel", std::string{bearer}).status,
            404u);
}

TEST(dashboard_questions, play_the_references_of_voices) {
  support::temporary_directory files;
  auto how = live({{"SYNAPSE_VOICE_LIBRARY_DIR", (files.path() / "voices").string()}});
  const gateway_process gateway{lonely_config(), how};
  EXPECT_EQ(gateway.get("/api/voices/none/references/ref_001.wav", bearer).status, 404u);
  EXPECT_EQ(gateway.get("/api/voices/..%2f..%2fetc/references/passwd", bearer).status, 404u);
}

} // namespace
} // namespace synapse::test
