// Canaries: secrets in every field that may carry one, over every route, and where they may not
// turn up.
#include "config/credential_fields.hpp"
#include "tests/observation/viewer.hpp"
#include "tests/support/forms.hpp"

#include <map>

namespace synapse::test {
namespace {

using json = nlohmann::json;

/// A backend of all kinds that repeats in an error whatever it was sent, but for what the gateway
/// needs to go on.
std::string answer_of(const support::upstream_request& request) {
  if (request.target == "/health")
    return support::answer_bytes(200, "{}");
  if (request.method == "GET" && request.target.ends_with("models"))
    return support::answer_bytes(200, R"({"data":[{"id":"m"}]})");
  const json error{{"error", {{"message", "not allowed: " + request.head}, {"type", "x"}}}};
  return support::answer_bytes(401, error.dump());
}

class canaries : public testing::Test {
protected:
  support::scripted_upstream upstream_{support::answer_each(answer_of)};

  std::string config(std::string_view keys) const {
    std::string backends;
    for (const auto& [name, type] :
         std::map<std::string, std::string>{{"llama-router", "openai-compatible"},
                                            {"llama-embed", "openai-compatible"},
                                            {"chatterbox-tts", "chatterbox"},
                                            {"whisper-stt", "faster-whisper"},
                                            {"pyannote-speaker", "pyannote"},
                                            {"deepfilter-audio", "deepfilter"},
                                            {"custom", "openai-compatible"}})
      backends += integration::backend(
          name, upstream_.url(), "type: " + type + ", retry: {attempts: 1}" + std::string{keys});
    return integration::config_with(backends, "routes: {\"/custom/*\": custom}\n");
  }

  /// A body that gets as far as to the backend, where the route has one.
  static std::string body_of(const std::string& path, std::string& fields) {
    const bool is_form = path.starts_with("/stt/") || path.starts_with("/audio/") ||
                         path.starts_with("/speakers/") || path == "/voices" ||
                         path.ends_with("/references") || path == "/v1/audio/transcriptions" ||
                         path == "/v1/audio/translations";
    if (!is_form) {
      fields += integration::json_type;
      return R"({"model":"m","messages":[{"role":"user","content":"hi"}],"prompt":"hi",
                 "input":"hi","text":"hi","voice":"alloy","values":{}})";
    }
    fields += support::form_type;
    const auto recording = support::wav(3200);
    return support::form_field("model", "m") + support::form_field("name", "v") +
           support::form_field("output_format", "mp3") + support::form_file(recording) +
           support::form_file(recording, "b.wav", "file1") +
           support::form_file(recording, "c.wav", "file2") + support::end_of_form;
  }

  /// Calls every route that the document names, and one that only the configuration knows. What the
  /// answers say is not the point.
  static void call_every_route(const gateway_process& gateway, const std::string& fields,
                               const std::string& query = {}) {
    auto routes = json::parse(gateway.get("/openapi.json").body)["paths"];
    ASSERT_GT(routes.size(), 30u);
    routes["/custom/x"] = {{"get", {}}, {"post", {}}};
    for (const auto& [path, methods] : routes.items()) {
      if (path == "/events/terminal") // never ends
        continue;
      auto filled = path;
      while (filled.find('{') != std::string::npos)
        filled.replace(filled.find('{'), filled.find('}') - filled.find('{') + 1, "m");
      for (const auto& [method, unused] : methods.items()) {
        SCOPED_TRACE(method + ' ' + path);
        auto name = method;
        std::transform(name.begin(), name.end(), name.begin(), ::toupper);
        auto all = fields;
        const auto body = name == "POST" || name == "PUT" ? body_of(path, all) : std::string{};
        auto client = gateway.connect();
        client.send(support::request_bytes(name, filled + query, body, all));
        EXPECT_NE(client.read_reply().status, 0u);
      }
    }
  }

  void expect_nowhere(const gateway_process& gateway, viewer& feed, std::string_view secret) {
    SCOPED_TRACE(secret);
    const auto absent = [&](const std::string& text, const char* where) {
      const auto at = text.find(secret);
      EXPECT_EQ(at, std::string::npos)
          << where << ": " << text.substr(at > 200 ? at - 200 : 0, 400);
    };
    absent(gateway.err(), "log");
    absent(gateway.out(), "access log");
    absent(gateway.get("/metrics").body, "metrics");
    absent(feed.reply().body, "terminal feed");
  }

  bool backend_saw(std::string_view text) const {
    const auto seen = upstream_.seen();
    return std::any_of(seen.begin(), seen.end(), [&](const support::upstream_request& request) {
      return request.head.find(text) != std::string::npos ||
             request.body.find(text) != std::string::npos;
    });
  }

  /// Everything that was logged before has come when this has.
  static void end_of_log(const gateway_process& gateway, viewer& feed) {
    gateway.post("/v1/audio/speech", R"({"input":"x","model":"m","voice":"v"})",
                 std::string{integration::json_type} + "X-Request-Id: the-very-last\r\n");
    EXPECT_TRUE(feed.sees("the-very-last"));
    EXPECT_TRUE(gateway.wait_for_log("the-very-last"));
  }
};

std::string in_every_field(const std::string& value) {
  std::string fields;
  for (const auto name : config::credential_field_names)
    if (name != "cookie")
      fields.append(name).append(": ").append(value).append("\r\n");
  return fields;
}

TEST_F(canaries, of_the_dashboard_reach_nobody) {
  const gateway_process gateway{config(""), live()};
  viewer feed{gateway, "?level=DEBUG&backlog=500"};
  const auto login = gateway.post("/dashboard/login", "access_token=" + std::string{token},
                                  "Content-Type: application/x-www-form-urlencoded\r\n");
  ASSERT_EQ(login.status, 303u);
  const auto set = login.field("Set-Cookie");
  const auto session = set.substr(0, set.find(';'));
  const auto value = session.substr(session.find('=') + 1);
  ASSERT_GT(value.size(), 60u);
  const auto cookies = "Cookie: a=OTHER-COOKIE; " + session + "; b=" + std::string{token} + "\r\n";
  call_every_route(gateway, cookies + in_every_field("Bearer " + std::string{token}));
  call_every_route(gateway, cookies + in_every_field(std::string{token}),
                   "?access_token=" + std::string{token});
  end_of_log(gateway, feed);
  EXPECT_GT(upstream_.requests(), 30u);
  EXPECT_TRUE(backend_saw("OTHER-COOKIE")) << "the others are the client's and the backend's";
  for (const std::string_view secret : {std::string_view{value}, token}) {
    EXPECT_FALSE(backend_saw(secret)) << secret;
    expect_nowhere(gateway, feed, secret);
  }
  EXPECT_FALSE(backend_saw("synapse_dash_token"));
}

TEST_F(canaries, of_clients_reach_the_backend_that_is_to_have_them_and_no_log) {
  const gateway_process gateway{config(""), live()};
  viewer feed{gateway, "?level=DEBUG&backlog=500"};
  const auto fields = in_every_field("CANARY-key-1") + "Cookie: a=CANARY-cookie-2\r\n";
  call_every_route(gateway, fields);
  end_of_log(gateway, feed);
  for (const auto name : config::credential_field_names)
    EXPECT_EQ(backend_saw(std::string{name} + ": CANARY-key-1"),
              name != "proxy-authorization" && name != "cookie")
        << name;
  EXPECT_TRUE(backend_saw("a=CANARY-cookie-2"));
  expect_nowhere(gateway, feed, "CANARY");
}

TEST_F(canaries, of_clients_stay_here_where_they_are_not_forwarded) {
  const gateway_process gateway{config(", authorization: {forward: false}"), live()};
  viewer feed{gateway, "?level=DEBUG&backlog=500"};
  call_every_route(gateway, in_every_field("CANARY-key-1") + "Cookie: a=CANARY-cookie-2\r\n");
  end_of_log(gateway, feed);
  EXPECT_GT(upstream_.requests(), 15u);
  EXPECT_FALSE(backend_saw("CANARY"));
  expect_nowhere(gateway, feed, "CANARY");
}

TEST_F(canaries, of_clients_give_way_to_the_backends_own_key_which_nobody_else_sees) {
  const gateway_process gateway{config(", authorization: {bearer_env: BACKEND_KEY}"),
                                live({{"BACKEND_KEY", "OWN-KEY-1234"}})};
  viewer feed{gateway, "?level=DEBUG&backlog=500"};
  call_every_route(gateway, in_every_field("CANARY-key-1") + "Cookie: a=CANARY-cookie-2\r\n");
  end_of_log(gateway, feed);
  EXPECT_TRUE(backend_saw("Authorization: Bearer OWN-KEY-1234"));
  EXPECT_FALSE(backend_saw("CANARY"));
  expect_nowhere(gateway, feed, "CANARY");
  expect_nowhere(gateway, feed, "OWN-KEY-1234");
  const auto speech = gateway.post("/v1/audio/speech", R"({"input":"x","model":"m","voice":"v"})",
                                   integration::json_type);
  EXPECT_EQ(speech.status, 401u) << speech.body;
  EXPECT_EQ(speech.body.find("OWN-KEY"), std::string::npos) << speech.body;
}

} // namespace
} // namespace synapse::test
