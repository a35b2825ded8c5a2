// Backends of whatever names: requests go where their model is.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

namespace synapse::integration {
namespace {

using support::gateway_process;

/// A backend with models of its own: lists them, and answers requests for them with its name and
/// the body it got; 404 for others.
class model_server {
public:
  model_server(std::string name, std::vector<std::string> models)
      : name_(std::move(name)), models_(std::move(models)) {}

  void set_models(std::vector<std::string> models) {
    const std::lock_guard lock{mutex_};
    models_ = std::move(models);
  }
  void want_key(std::string key) {
    const std::lock_guard lock{mutex_};
    key_ = std::move(key);
  }
  std::string url() const { return upstream_.url(); }
  /// How often it was asked for its list.
  int lists() const { return lists_; }
  int others() const { return static_cast<int>(upstream_.requests()) - lists_; }

private:
  std::string answer(const support::upstream_request& request) {
    const std::lock_guard lock{mutex_};
    const bool list = request.target == "/v1/models";
    lists_ += list ? 1 : 0;
    if (!key_.empty() && request.field("Authorization") != "Bearer " + key_)
      return support::answer_bytes(401, R"({"error":{"message":"wrong key"}})");
    if (list) {
      auto data = nlohmann::json::array();
      for (const auto& model : models_)
        data.push_back({{"id", model}, {"object", "model"}});
      return support::answer_bytes(200, nlohmann::json{{"object", "list"}, {"data", data}}.dump());
    }
    const auto wanted = text_at(request.body, "/model");
    if (std::find(models_.begin(), models_.end(), wanted) == models_.end())
      return support::answer_bytes(404, R"({"error":{"message":"no model here"}})");
    return support::answer_bytes(
        200,
        nlohmann::json{{"from", name_}, {"target", request.target}, {"body", request.body}}.dump());
  }

  std::string name_;
  mutable std::mutex mutex_;
  std::vector<std::string> models_;
  std::string key_;
  std::atomic<int> lists_{0};
  support::scripted_upstream upstream_{
      support::answer_each([this](const auto& request) { return answer(request); })};
};

std::string chat_for(std::string_view model) {
  return R"({"model":")" + std::string{model} +
         R"(", "messages":[{"role":"user","content":"hi"}]})";
}

support::http_reply chat(const gateway_process& gateway, std::string_view model,
                         const std::string& fields = {}) {
  return gateway.post(chat_path, chat_for(model), std::string{json_type} + fields);
}

TEST(derived_routes, serve_everything_from_the_only_backend_without_asking_it) {
  model_server only{"only", {"m"}};
  gateway_process gateway{config_with(backend("ollama", only.url() + "/v1"))};
  for (const std::string path : {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"}) {
    const auto reply = gateway.post(path, chat_for("m"), json_type);
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/target"), path);
    EXPECT_EQ(text_at(reply.body, "/body"), chat_for("m"));
    EXPECT_EQ(reply.field("X-Synapse-Backend"), "ollama");
  }
  EXPECT_EQ(only.lists(), 0);
  // What it does not know, it says itself.
  EXPECT_EQ(chat(gateway, "other").status, 404u);
}

class several_backends : public ::testing::Test {
protected:
  static std::string config(const model_server& left, const model_server& right) {
    return "threads: 1\nbackends:\n" + backend("left", left.url()) + backend("right", right.url());
  }
  model_server left{"left", {"llama3.1:8b", "shared"}};
  model_server right{"right", {"qwen3:8b", "qwen3:14b", "org/name", "shared"}};
};

TEST_F(several_backends, get_the_requests_for_the_models_they_list) {
  gateway_process gateway{config(left, right)};
  for (const auto& [model, where] :
       std::vector<std::pair<std::string, std::string>>{{"llama3.1:8b", "left"},
                                                        {"qwen3:8b", "right"},
                                                        {"org/name", "right"},
                                                        {"shared", "left"},
                                                        {"qwen3:8b", "right"}}) {
    const auto reply = chat(gateway, model);
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/from"), where) << model;
    EXPECT_EQ(reply.field("X-Synapse-Backend"), where);
    EXPECT_EQ(text_at(reply.body, "/body"), chat_for(model)) << "the body is passed on as it came";
  }
  EXPECT_EQ(left.lists(), 1) << "what is known is not asked for again";
  EXPECT_EQ(right.lists(), 1);
}

TEST_F(several_backends, are_asked_once_for_a_model_that_nobody_has_and_the_client_is_told) {
  gateway_process gateway{config(left, right)};
  const auto reply = chat(gateway, "qwen3");
  EXPECT_EQ(reply.status, 404u);
  const auto error = nlohmann::json::parse(reply.body, nullptr, false)["error"];
  EXPECT_EQ(error["code"], "model_not_found");
  EXPECT_EQ(error["type"], "invalid_request_error");
  EXPECT_EQ(error["param"], "model");
  EXPECT_EQ(error["message"], "model: there is no model 'qwen3'. Did you mean \"qwen3:8b\" or "
                              "\"qwen3:14b\"?");
  EXPECT_EQ(chat(gateway, "qwen3").status, 404u);
  EXPECT_EQ(left.lists(), 1) << "they were asked a moment ago";
  EXPECT_EQ(left.others() + right.others(), 0);
  EXPECT_EQ(text_at(gateway.get("/v1/models/qwen3").body, "/error/message"),
            error["message"].get<std::string>());
}

TEST_F(several_backends, are_asked_again_when_one_says_that_a_model_has_gone) {
  gateway_process gateway{config(left, right)};
  ASSERT_EQ(text_at(chat(gateway, "llama3.1:8b").body, "/from"), "left");
  left.set_models({});
  right.set_models({"llama3.1:8b"});
  const auto moved = chat(gateway, "llama3.1:8b");
  EXPECT_EQ(moved.status, 200u) << moved.body;
  EXPECT_EQ(text_at(moved.body, "/from"), "right");
  // Gone for good: the backend's own words, once it has been asked.
  right.set_models({});
  const auto gone = chat(gateway, "llama3.1:8b");
  EXPECT_EQ(gone.status, 404u);
  EXPECT_EQ(text_at(gone.body, "/error/message"), "no model here");
}

TEST_F(several_backends, are_learned_from_every_list_that_is_asked_for) {
  gateway_process gateway{config(left, right)};
  ASSERT_TRUE(gateway.get("/v1/models").ok());
  ASSERT_TRUE(chat(gateway, "qwen3:8b").ok());
  EXPECT_EQ(right.lists(), 1);
}

TEST_F(several_backends, have_names_of_their_own_and_the_gateways_aliases) {
  gateway_process gateway{"models: {aliases: {small: \"qwen3:8b\"}, auto: {general: shared}}\n" +
                          config(left, right)};
  const auto alias = chat(gateway, "small");
  EXPECT_EQ(text_at(alias.body, "/from"), "right");
  EXPECT_EQ(text_at(alias.body, "/body"), chat_for("qwen3:8b"));
  EXPECT_EQ(text_at(chat(gateway, "auto").body, "/body"), chat_for("shared"));
  const auto unnamed =
      gateway.post(chat_path, R"({"messages":[{"role":"user","content":"hi"}]})", json_type);
  EXPECT_EQ(text_at(unnamed.body, "/from"), "left") << unnamed.body;
}

TEST_F(several_backends, need_a_model_in_the_request) {
  gateway_process gateway{config(left, right)};
  const auto unnamed = gateway.post(chat_path, R"({"messages":[]})", json_type);
  EXPECT_EQ(unnamed.status, 400u);
  EXPECT_EQ(text_at(unnamed.body, "/error/param"), "model") << unnamed.body;
  EXPECT_EQ(gateway.post(chat_path, R"({"model":7,"messages":[]})", json_type).status, 400u);
}

TEST_F(several_backends, that_do_not_answer_are_named_and_the_rest_goes_on) {
  const support::closed_port nobody;
  gateway_process gateway{config(left, right) +
                          backend("dead", "http://127.0.0.1:" + std::to_string(nobody.port()))};
  EXPECT_EQ(text_at(chat(gateway, "qwen3:8b").body, "/from"), "right");
  const auto unknown = chat(gateway, "other");
  EXPECT_EQ(unknown.status, 503u) << "the silent one may have it";
  EXPECT_EQ(unknown.count("Retry-After"), 1u);
  EXPECT_NE(text_at(unknown.body, "/error/message").find("dead ("), std::string::npos)
      << unknown.body;
}

TEST_F(several_backends, that_want_the_clients_key_are_asked_with_it) {
  right.want_key("good");
  gateway_process gateway{config(left, right)};
  const auto refused = chat(gateway, "qwen3:8b", "Authorization: Bearer bad\r\n");
  EXPECT_EQ(refused.status, 404u);
  EXPECT_NE(text_at(refused.body, "/error/message").find("right (status 401)"), std::string::npos)
      << refused.body;
  const auto served = chat(gateway, "qwen3:8b", "Authorization: Bearer good\r\n");
  EXPECT_EQ(text_at(served.body, "/from"), "right") << served.body;
  // What is known by then is the backend's to refuse.
  EXPECT_EQ(chat(gateway, "qwen3:8b", "Authorization: Bearer bad\r\n").status, 401u);
}

TEST(several_requests, that_want_to_know_share_one_question) {
  support::gate asked;
  support::gate answer;
  std::atomic<int> lists{0};
  support::scripted_upstream slow{[&](support::upstream_connection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->target != "/v1/models") {
        connection.reply(200, R"({"from":"slow"})");
        continue;
      }
      ++lists;
      asked.open();
      if (!answer.wait())
        return;
      connection.reply(200, R"({"data":[{"id":"m"}]})");
    }
  }};
  model_server other{"other", {"n"}};
  gateway_process gateway{"threads: 1\nbackends:\n" + backend("slow", slow.url()) +
                          backend("other", other.url())};
  std::vector<support::raw_client> callers;
  for (int i = 0; i < 20; ++i) {
    callers.push_back(gateway.connect());
    ASSERT_TRUE(callers.back().send(support::request_bytes(
        "POST", chat_path, chat_for(i % 2 == 0 ? "m" : "unknown"), json_type)));
  }
  ASSERT_TRUE(asked.wait());
  ASSERT_TRUE(
      gateway.wait_for_metric("synapse_requests_in_flight", R"(route="/v1/chat/completions")", 20));
  // The one who asks may leave: another one asks then.
  callers.front().reset();
  ASSERT_TRUE(
      gateway.wait_for_metric("synapse_requests_in_flight", R"(route="/v1/chat/completions")", 19));
  answer.open();
  for (std::size_t i = 1; i < callers.size(); ++i)
    EXPECT_EQ(callers[i].read_reply().status, i % 2 == 0 ? 200u : 404u);
  EXPECT_LE(lists, 2);
}

} // namespace
} // namespace synapse::integration
