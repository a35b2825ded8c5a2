// What the router gets: the model that was meant, what the profile fills in, and otherwise the
// client's own bytes.
#include "tests/models/router_upstream.hpp"

#include <gtest/gtest.h>

namespace synapse::test {
namespace {

using nlohmann::json;
using support::gateway_process;

constexpr std::string_view choosing =
    "  auto: {general: a, rules: [{model: b, words: [python, pull request]}]}\n"
    "  aliases: {gpt-4o: b}\n";

struct bodies : testing::Test {
  router_upstream router;
  support::temporary_directory folder;

  gateway_process::options with_profiles(const json& models) const {
    const auto file = folder.path() / "profiles.json";
    support::write_file(file, json{{"version", 1}, {"models", models}}.dump());
    gateway_process::options how;
    how.environment["SYNAPSE_MODEL_PROFILES_PATH"] = file.string();
    return how;
  }
  json last() const { return json::parse(router.bodies().at(router.bodies().size() - 1)); }
};

TEST_F(bodies, stay_as_they_came_when_there_is_nothing_to_fill_in) {
  router.set_loaded("a");
  const gateway_process gateway{router_config(router.url(), choosing)};
  const std::string body = "{ \"unknown\" : 1.50e0,\"model\":\"a\", \"messages\":[ "
                           "{\"role\":\"user\",\"content\":\"\\u0070ython\"} ]}\n";
  EXPECT_EQ(gateway.post(chat_target, body).status, 200u);
  EXPECT_EQ(router.bodies().back(), body);
}

TEST_F(bodies, name_the_model_that_the_text_chooses) {
  const gateway_process gateway{router_config(router.url(), choosing)};
  for (const std::string name : {R"("model":"auto",)", R"("model":"",)", R"("model":null,)", "",
                                 R"("model":"synapse:auto",)", R"("model":"synapse-auto",)"}) {
    const auto body = "{" + name +
                      R"("messages":[{"role":"system","content":"python"},)"
                      R"({"role":"user","content":"What is love?"}]})";
    ASSERT_EQ(gateway.post(chat_target, body).status, 200u) << body;
    EXPECT_EQ(last()["model"], "a") << "what the system says does not count: " << body;
  }
  const auto code = R"({"messages":[{"role":"user","content":[{"type":"text","text":"Review my PULL
 Request"}]}]})";
  std::string one_line = code;
  one_line.erase(one_line.find('\n'), 1);
  ASSERT_EQ(gateway.post(chat_target, one_line).status, 200u);
  EXPECT_EQ(last()["model"], "b");
  ASSERT_EQ(gateway.post(chat_target, chat_of("gpt-4o")).status, 200u);
  EXPECT_EQ(last()["model"], "b") << "an alias";
}

TEST_F(bodies, get_from_the_profile_what_they_leave_out) {
  router.set_loaded("a");
  const gateway_process gateway{
      router_config(router.url()),
      with_profiles(
          {{"a",
            {{"updated_at", "2026-01-01T00:00:00Z"},
             {"values", {{"temperature", 0.25}, {"top_k", 7}, {"system_prompt", "Be brief."}}}}}})};
  ASSERT_EQ(gateway.post(chat_target, R"({"model":"a","temperature":0.9,"messages":[]})").status,
            200u);
  EXPECT_EQ(last()["temperature"], 0.9) << "what the client says holds";
  EXPECT_EQ(last()["top_k"], 7);
  EXPECT_EQ(last()["messages"][0]["role"], "system");
  EXPECT_EQ(last()["messages"][0]["content"], "Be brief.");
  ASSERT_EQ(gateway.post(chat_target, R"({"model":"b","messages":[]})").status, 200u);
  EXPECT_FALSE(last().contains("top_k")) << "another model";
  ASSERT_EQ(gateway.post("/v1/completions", R"({"model":"a","prompt":"x"})").status, 200u);
  EXPECT_FALSE(last().contains("top_k")) << "profiles are for chat";
}

TEST_F(bodies, get_what_another_gateway_has_stored) {
  router.set_loaded("a");
  const auto how = with_profiles(json::object());
  const gateway_process one{router_config(router.url()), how},
      two{router_config(router.url()), how};
  const auto store = [&](const gateway_process& by, const std::string& values) {
    auto client = by.connect();
    client.send(support::request_bytes("PUT", "/models/a/profile", values,
                                       "Content-Type: application/json\r\n"));
    return client.read_reply().status;
  };
  const auto comes_to_have = [&](const gateway_process& by, const char* field, const json& value) {
    return support::wait_until([&] {
      return by.post(chat_target, chat_of("a")).status == 200 && last().contains(field) &&
             last()[field] == value;
    });
  };
  ASSERT_EQ(store(one, R"({"top_k":7})"), 200U);
  EXPECT_TRUE(comes_to_have(two, "top_k", 7));
  ASSERT_EQ(store(two, R"({"temperature":0.25})"), 200U);
  EXPECT_TRUE(comes_to_have(one, "temperature", 0.25));
  EXPECT_EQ(last()["top_k"], 7) << "neither has overwritten the other";
}

TEST_F(bodies, survive_a_damaged_profile_file) {
  router.set_loaded("a");
  const auto file = folder.path() / "profiles.json";
  support::write_file(file, "{broken");
  gateway_process::options how;
  how.environment["SYNAPSE_MODEL_PROFILES_PATH"] = file.string();
  const gateway_process gateway{router_config(router.url()), how};
  EXPECT_EQ(gateway.post(chat_target, chat_of("a")).status, 200u);
  EXPECT_TRUE(gateway.wait_for_log("profiles")) << gateway.err();
}

TEST_F(bodies, are_not_touched_for_a_server_that_is_no_router) {
  router.be_no_router();
  const gateway_process gateway{router_config(router.url(), choosing)};
  const std::string body = R"({"model":"auto","messages":[]})";
  const auto reply = gateway.post(chat_target, body);
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.body, body);
}

} // namespace
} // namespace synapse::test
