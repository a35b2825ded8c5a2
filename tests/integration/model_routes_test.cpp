// The router's models as clients see them: list, load, unload, stored profiles.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>

namespace synapse::integration {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;
using support::gateway_process;
using support::http_reply;
using support::upstream_request;

/// What llama.cpp says to an unload of a model that does not run.
constexpr std::string_view not_running =
    R"({"error":{"code":400,"message":"model is not running","type":"invalid_request_error"}})";

/// A router in memory: what is loaded stands in its list at once.
class router {
public:
  struct model {
    json status = {{"value", "unloaded"}, {"args", {"llama-server", "--ctx-size", "16384"}}};
    json aliases = json::array();
  };

  explicit router(std::vector<std::string> ids) {
    for (auto& id : ids)
      models_.emplace_back(std::move(id), model{});
  }

  support::scripted_upstream::script script() {
    return support::answer_each(
        [this](const upstream_request& request) { return answer(request); });
  }
  /// Changes the entry of a model, before or while it is listed.
  void set(const std::string& id, const json& status, const json& aliases = json::array()) {
    const std::lock_guard lock{mutex_};
    auto& one = *find(id);
    one.status.update(status);
    one.aliases = aliases;
  }
  /// From now on each question gets this; nothing: the usual answers.
  void answer_always(std::string bytes) {
    const std::lock_guard lock{mutex_};
    always_ = std::move(bytes);
  }
  /// From now on each question to this path gets this.
  void answer_to(const std::string& path, std::string bytes) {
    const std::lock_guard lock{mutex_};
    answers_[path] = std::move(bytes);
  }
  void refuse_loads() {
    const std::lock_guard lock{mutex_};
    refuses_loads_ = true;
  }

private:
  model* find(const std::string& id) {
    for (auto& [name, one] : models_)
      if (name == id)
        return &one;
    return nullptr;
  }
  std::string list() const {
    json data = json::array();
    for (const auto& [id, one] : models_)
      data.push_back({{"id", id},
                      {"object", "model"},
                      {"odd", id.size()},
                      {"aliases", one.aliases},
                      {"status", one.status}});
    return support::answer_bytes(200, json{{"object", "list"}, {"data", data}}.dump());
  }
  std::string change(const upstream_request& request, const std::string& to) {
    auto* one = find(json::parse(request.body)["model"].get<std::string>());
    if (one == nullptr)
      return support::answer_bytes(404, R"({"error":{"message":"model is not found"}})");
    if (to == "loaded" && refuses_loads_)
      return support::answer_bytes(500, R"({"error":{"message":"no memory"}})");
    if (to == "unloaded" && one->status["value"] == "unloaded")
      return support::answer_bytes(400, not_running);
    one->status["value"] = to;
    return support::answer_bytes(200, R"({"success":true,"note":"router"})");
  }
  std::string answer(const upstream_request& request) {
    const std::lock_guard lock{mutex_};
    if (!always_.empty())
      return always_;
    if (const auto found = answers_.find(request.target); found != answers_.end())
      return found->second;
    if (request.target == "/models" || request.target.starts_with("/models?") ||
        request.target == "/v1/models")
      return list();
    if (request.target == "/models/load")
      return change(request, "loaded");
    if (request.target == "/models/unload")
      return change(request, "unloaded");
    if (request.target == "/props")
      return support::answer_bytes(200, R"({"max_instances":1})");
    return support::answer_bytes(404, R"({"error":{"message":"no such thing"}})");
  }

  std::mutex mutex_;
  std::vector<std::pair<std::string, model>> models_;
  std::string always_;
  std::map<std::string, std::string> answers_;
  bool refuses_loads_ = false;
};

struct model_routes : testing::Test {
  explicit model_routes(std::vector<std::string> ids = {"qwen3", "gpt-oss-20b", "org/name:q4"})
      : models(std::move(ids)) {}
  gateway_process::options options() const {
    gateway_process::options how;
    how.environment["SYNAPSE_MODEL_PROFILES_PATH"] = profiles.string();
    return how;
  }
  std::string config(std::string_view keys = "manage_models: true") const {
    return chat_config(upstream, {}, keys);
  }
  gateway_process& start(std::string_view keys = "manage_models: true") {
    running = std::make_unique<gateway_process>(config(keys), options());
    return *running;
  }
  http_reply put(const std::string& path, const std::string& body) const {
    auto client = running->connect();
    client.send(support::request_bytes("PUT", path, body, json_type));
    return client.read_reply();
  }
  http_reply post(const std::string& path, const std::string& body) const {
    return running->post(path, body, json_type);
  }
  json get(const std::string& path) const {
    const auto reply = running->get(path);
    EXPECT_EQ(reply.status, 200U) << reply.body;
    return json::parse(reply.body, nullptr, false);
  }
  /// Requests that the router got for a target.
  std::vector<upstream_request> seen(std::string_view target) const {
    std::vector<upstream_request> result;
    for (auto& request : upstream.seen())
      if (request.target == target)
        result.push_back(std::move(request));
    return result;
  }
  static void expect_detail(const http_reply& reply, unsigned status, std::string_view part) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_NE(text_at(reply.body, "/detail").find(part), std::string::npos) << reply.body;
    if (status == 503 || status == 429) {
      EXPECT_FALSE(reply.field("Retry-After").empty());
    }
  }

  support::temporary_directory files;
  fs::path profiles = files.path() / "profiles" / "models.json";
  router models; ///< outlives the threads that serve it
  support::scripted_upstream upstream{models.script()};
  std::unique_ptr<gateway_process> running;
};

// ---- the list ----

TEST_F(model_routes, list_keeps_every_entry_as_the_router_has_it) {
  start();
  const auto list = get("/models");
  EXPECT_EQ(list["object"], "list");
  ASSERT_EQ(list["data"].size(), 3U);
  EXPECT_EQ(list["data"][0]["id"], "qwen3");
  EXPECT_EQ(list["data"][0]["odd"], 5);
  EXPECT_EQ(list["data"][0]["status"]["args"][1], "--ctx-size");
  EXPECT_FALSE(list["data"][0]["status"].contains("synapse_profile"));
  EXPECT_FALSE(list["data"][0]["status"].contains("synapse_defaults"));
}

TEST_F(model_routes, list_is_asked_for_anew) {
  start();
  get("/models");
  models.set("qwen3", {{"value", "loading"}, {"progress", 0.5}});
  EXPECT_EQ(get("/models")["data"][0]["status"]["value"], "loading");
}

TEST_F(model_routes, list_with_a_query_is_forwarded) {
  start();
  EXPECT_EQ(get("/models?reload=1")["data"].size(), 3U);
  EXPECT_EQ(seen("/models?reload=1").size(), 1U);
}

TEST_F(model_routes, list_shows_the_stored_profile) {
  start();
  ASSERT_EQ(put("/models/qwen3/profile", R"({"temperature":0.5})").status, 200U);
  const auto status = get("/models")["data"][0]["status"];
  EXPECT_EQ(status["synapse_profile"], json({{"temperature", 0.5}}));
  EXPECT_EQ(status["synapse_defaults"], json({{"temperature", 0.5}})) << "what is sent";
  EXPECT_EQ(status["synapse_family_defaults"]["temperature"], 1.0);
  EXPECT_EQ(status["synapse_family_defaults"]["top_k"], 40);
  EXPECT_EQ(status["synapse_family_defaults"]["runtime_ctx_size"], 16384);
  EXPECT_EQ(status["value"], "unloaded");
}

struct split_models : model_routes {
  split_models()
      : model_routes({"big-00001-of-00003", "other", "big-00002-of-00003", "big-00003-of-00003"}) {}
  json merged() {
    if (!running)
      start();
    const auto data = get("/models")["data"];
    EXPECT_EQ(data.size(), 2U) << data;
    EXPECT_EQ(data[0]["id"], "big");
    EXPECT_EQ(data[1]["id"], "other");
    return data[0]["status"];
  }
};

TEST_F(split_models, are_one_entry_whose_state_is_that_of_the_part_that_says_most) {
  EXPECT_EQ(merged()["value"], "unloaded");
  EXPECT_FALSE(merged().contains("failed"));
  const auto state = [&](int part, const json& status) {
    models.set("big-0000" + std::to_string(part) + "-of-00003", status);
  };
  state(2, {{"value", "unloading"}});
  EXPECT_EQ(merged()["value"], "unloading");
  state(3, {{"value", "loading"}, {"progress", 0.25}});
  EXPECT_EQ(merged()["value"], "loading");
  EXPECT_EQ(merged()["progress"], 0.25);
  state(1, {{"value", "loaded"}});
  EXPECT_EQ(merged()["value"], "loaded");
}

TEST_F(split_models, show_that_a_part_has_failed) {
  models.set("big-00002-of-00003", {{"failed", true}, {"exit_code", 3}});
  EXPECT_EQ(merged()["value"], "unloaded");
  EXPECT_EQ(merged()["failed"], true);
  EXPECT_EQ(merged()["exit_code"], 3);
}

TEST_F(split_models, have_one_profile_and_are_loaded_by_their_first_part) {
  start();
  ASSERT_EQ(put("/models/big-00002-of-00003/profile", R"({"top_k":7})").status, 200U);
  EXPECT_EQ(get("/models/big/profile")["values"], json({{"top_k", 7}}));
  EXPECT_EQ(merged()["synapse_profile"], json({{"top_k", 7}}));
  const auto reply = post("/models/load", R"({"model":"big"})");
  EXPECT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/model"), "big");
  ASSERT_EQ(seen("/models/load").size(), 1U);
  EXPECT_EQ(text_at(seen("/models/load")[0].body, "/model"), "big-00001-of-00003");
}

// ---- load and unload ----

TEST_F(split_models, are_one_entry_for_openais_clients_too) {
  start();
  const auto data = get("/v1/models")["data"];
  ASSERT_EQ(data.size(), 2U) << data;
  EXPECT_EQ(data[0]["id"], "big");
  EXPECT_EQ(data[1]["id"], "other");
  EXPECT_EQ(get("/v1/models/big")["status"]["value"], "unloaded");
  EXPECT_EQ(get("/v1/models/big-00002-of-00003")["id"], "big");
}

TEST_F(model_routes, load_asks_the_router_and_adds_what_is_sent) {
  start();
  const auto reply = post("/models/load", R"({"model":"qwen3","temperature":0.25,"top_k":null})");
  ASSERT_EQ(reply.status, 200U) << reply.body;
  const auto answer = json::parse(reply.body);
  EXPECT_EQ(answer["success"], true);
  EXPECT_EQ(answer["note"], "router");
  EXPECT_EQ(answer["model"], "qwen3");
  EXPECT_TRUE(answer["status"] == "loading" || answer["status"] == "loaded") << answer;
  EXPECT_EQ(answer["synapse_defaults"], json({{"temperature", 0.25}}));
  EXPECT_EQ(answer["synapse_family_defaults"]["top_k"], 40);
  ASSERT_EQ(seen("/models/load").size(), 1U);
  EXPECT_EQ(seen("/models/load")[0].body, R"({"model":"qwen3"})");
  EXPECT_EQ(get("/models/qwen3/profile")["values"], json({{"temperature", 0.25}}));
}

TEST_F(model_routes, load_of_a_loaded_model_asks_nothing) {
  models.set("qwen3", {{"value", "loaded"}});
  start();
  const auto reply = post("/models/load", R"({"model":"qwen3"})");
  ASSERT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/status"), "loaded");
  EXPECT_EQ(json::parse(reply.body)["success"], true);
  EXPECT_TRUE(seen("/models/load").empty());
}

TEST_F(model_routes, load_refuses_what_is_no_model_or_no_field) {
  start();
  expect_detail(post("/models/load", R"({})"), 400, "model");
  expect_detail(post("/models/load", R"({"model":7})"), 400, "model");
  expect_detail(post("/models/load", R"({"model":""})"), 400, "model");
  expect_detail(post("/models/load", R"({"model":"a\u0001b"})"), 400, "model");
  expect_detail(post("/models/load", R"({"model":")" + std::string(513, 'a') + "\"}"), 400, "512");
  expect_detail(post("/models/load", R"({"model":"qwen3","temprature":1})"), 400, "temprature");
  expect_detail(post("/models/load", R"({"model":"qwen3","temperature":3})"), 400, "temperature");
  expect_detail(post("/models/load", R"({"model":"qwen3","top_k":true})"), 400, "top_k");
  expect_detail(post("/models/load", R"({"model":"qwen3","reasoning_effort":"low"})"), 400,
                "reasoning_effort");
  expect_detail(post("/models/load", "[]"), 400, "JSON");
  expect_detail(post("/models/load", R"({"model":"unknown"})"), 404, "unknown");
  EXPECT_TRUE(seen("/models/load").empty());
  EXPECT_FALSE(fs::exists(profiles));
}

TEST_F(model_routes, load_that_the_router_refuses_is_502) {
  models.refuse_loads();
  start();
  expect_detail(post("/models/load", R"({"model":"qwen3"})"), 502, "no memory");
}

TEST_F(model_routes, load_outside_of_a_cluster_cannot_change_the_context_size) {
  start();
  const auto refused = post("/models/load", R"({"model":"qwen3","runtime_ctx_size":4096})");
  expect_detail(refused, 503, "luster");
  EXPECT_TRUE(seen("/models/load").empty());
  // It is stored all the same, and does not stand in the way of those who do not ask for it.
  EXPECT_EQ(post("/models/load", R"({"model":"qwen3"})").status, 200U);
  EXPECT_TRUE(running->wait_for_log("another context size"));
  // What the router has already is no change.
  EXPECT_EQ(post("/models/load", R"({"model":"qwen3","runtime_ctx_size":16384})").status, 200U);
}

TEST_F(model_routes, unload_passes_the_routers_answer_on) {
  models.set("qwen3", {{"value", "loaded"}});
  start();
  const auto reply = post("/models/unload", R"({"model":"qwen3"})");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.body, R"({"success":true,"note":"router"})");
  ASSERT_EQ(seen("/models/unload").size(), 1U);
  EXPECT_EQ(get("/models")["data"][0]["status"]["value"], "unloaded");
  expect_detail(post("/models/unload", R"({"model":"nobody"})"), 404, "nobody");
  expect_detail(post("/models/unload", R"({})"), 400, "model");
}

TEST_F(model_routes, unload_of_a_stopped_model_is_400_in_the_gateways_words) {
  start();
  const auto reply = post("/models/unload", R"({"model":"qwen3"})");
  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(json::parse(reply.body), json({{"detail", "model is not running"}}));
}

TEST_F(model_routes, definite_refusals_of_the_router_are_502_with_its_reason) {
  models.set("qwen3", {{"value", "loaded"}});
  start();
  for (const unsigned status : {400U, 401U, 403U, 404U, 501U}) {
    models.answer_to("/models/unload",
                     support::answer_bytes(status, R"({"error":{"message":"Not Now"}})"));
    expect_detail(post("/models/unload", R"({"model":"qwen3"})"), 502, "Not Now");
    EXPECT_TRUE(running->wait_for_log("the router refuses to unload qwen3: the router answered " +
                                      std::to_string(status)));
    EXPECT_EQ(get("/models")["data"][0]["status"]["value"], "loaded");
  }
}

TEST_F(model_routes, a_refused_list_is_502_to_whoever_needs_it) {
  models.answer_to("/models",
                   support::answer_bytes(401, R"({"error":{"message":"Invalid API Key"}})"));
  start();
  expect_detail(post("/models/load", R"({"model":"qwen3"})"), 502, "Invalid API Key");
  expect_detail(post("/models/unload", R"({"model":"qwen3"})"), 502, "Invalid API Key");
  expect_detail(running->get("/models/qwen3/profile"), 502, "Invalid API Key");
  expect_detail(put("/models/qwen3/profile", R"({"top_k":3})"), 502, "Invalid API Key");
  expect_detail(post("/models/qwen3/profile/apply", "{}"), 502, "Invalid API Key");
  EXPECT_EQ(get("/models/qwen3/schema")["family"], "qwen");
  EXPECT_EQ(running->get("/models").status, 401U) << "without a key of the gateway's own the "
                                                     "client hears what the router says to it";
  EXPECT_TRUE(running->wait_for_log("Invalid API Key"));
}

// ---- schema and profile ----

TEST_F(model_routes, schema_has_the_fields_of_the_family) {
  start();
  const auto plain = get("/models/qwen3/schema");
  EXPECT_EQ(plain["model"], "qwen3");
  EXPECT_EQ(plain["family"], "qwen");
  EXPECT_EQ(plain["fields"].size(), 8U);
  EXPECT_EQ(get("/models/gpt-oss-20b/schema")["fields"].size(), 9U);
  EXPECT_EQ(get("/models/org%2fname:q4/schema")["model"], "org/name:q4");
  expect_detail(running->get("/models/a%00b/schema"), 400, "control character");
  expect_detail(running->get("/models/nobody/schema"), 404, "nobody");
}

TEST_F(model_routes, take_ids_with_slashes_as_they_are) {
  start();
  for (const std::string id : {"org/name:q4", "org%2Fname:q4", "org%2fname%3Aq4"}) {
    EXPECT_EQ(get("/models/" + id + "/schema")["model"], "org/name:q4") << id;
    EXPECT_EQ(put("/models/" + id + "/profile", R"({"top_k":4})").status, 200U) << id;
    EXPECT_EQ(get("/models/" + id + "/profile")["values"], json({{"top_k", 4}})) << id;
    EXPECT_EQ(post("/models/" + id + "/profile/apply", "{}").status, 200U) << id;
    EXPECT_EQ(get("/v1/models/" + id)["id"], "org/name:q4") << id;
  }
}

TEST_F(model_routes, schema_of_another_name_is_that_of_the_model) {
  models.set("gpt-oss-20b", json::object(), {"fast"});
  start();
  const auto schema = get("/models/fast/schema");
  EXPECT_EQ(schema["model"], "gpt-oss-20b");
  EXPECT_EQ(schema["family"], "gpt-oss");
}

TEST_F(model_routes, a_choice_is_stored_in_one_spelling) {
  start();
  ASSERT_EQ(put("/models/gpt-oss-20b/profile", R"({"reasoning_effort":"HIGH"})").status, 200U);
  EXPECT_EQ(get("/models/gpt-oss-20b/profile")["values"], json({{"reasoning_effort", "high"}}));
  EXPECT_EQ(post("/models/load", R"({"model":"gpt-oss-20b","reasoning_effort":"Low"})").status,
            200U);
  EXPECT_EQ(get("/models/gpt-oss-20b/profile")["values"], json({{"reasoning_effort", "low"}}));
}

TEST_F(model_routes, unknown_models_are_404_with_near_names_everywhere) {
  start();
  const std::string near = "\"qwen3\"";
  expect_detail(post("/models/load", R"({"model":"qwen33"})"), 404, near);
  expect_detail(post("/models/unload", R"({"model":"qwen33"})"), 404, near);
  expect_detail(running->get("/models/qwen33/schema"), 404, near);
  expect_detail(running->get("/models/qwen33/profile"), 404, near);
  expect_detail(put("/models/qwen33/profile", "{}"), 404, near);
  expect_detail(post("/models/qwen33/profile/apply", "{}"), 404, near);
  for (const auto& reply : {running->get("/v1/models/qwen33"),
                            post("/v1/chat/completions", R"({"model":"qwen33","messages":[]})"),
                            post("/v1/completions", R"({"model":"qwen33","prompt":""})")}) {
    EXPECT_EQ(reply.status, 404U) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/error/code"), "model_not_found");
    EXPECT_EQ(text_at(reply.body, "/error/type"), "invalid_request_error");
    EXPECT_EQ(text_at(reply.body, "/error/param"), "model");
    EXPECT_NE(text_at(reply.body, "/error/message").find(near), std::string::npos) << reply.body;
  }
}

TEST_F(model_routes, profile_is_stored_changed_and_replaced) {
  start();
  EXPECT_EQ(get("/models/qwen3/profile"),
            json({{"model", "qwen3"}, {"family", "qwen"}, {"values", json::object()}}));
  const auto first = put("/models/qwen3/profile", R"({"values":{"temperature":1,"top_k":3}})");
  EXPECT_EQ(json::parse(first.body), json({{"success", true},
                                           {"model", "qwen3"},
                                           {"family", "qwen"},
                                           {"values", {{"temperature", 1.0}, {"top_k", 3}}}}));
  put("/models/qwen3/profile", R"({"temperature":null,"max_tokens":12})");
  EXPECT_EQ(get("/models/qwen3/profile")["values"], json({{"top_k", 3}, {"max_tokens", 12}}));
  put("/models/qwen3/profile", R"({"values":{"system_prompt":"Be brief."},"replace":true})");
  EXPECT_EQ(get("/models/qwen3/profile")["values"], json({{"system_prompt", "Be brief."}}));
  EXPECT_EQ(get("/models/gpt-oss-20b/profile")["values"], json::object());
}

TEST_F(model_routes, profile_names_the_field_that_will_not_do) {
  start();
  const auto refused = [&](const std::string& body, std::string_view field) {
    expect_detail(put("/models/qwen3/profile", body), 400, field);
  };
  refused(R"({"values":{"top_p":1.5}})", "top_p");
  refused(R"({"top_p":"high"})", "top_p");
  refused(R"({"unheard_of":1})", "unheard_of");
  refused(R"({"values":{},"more":1})", "more");
  refused(R"({"values":{},"replace":1})", "replace");
  refused(R"({"values":[]})", "values");
  refused(R"({"replace":true})", "replace");
  EXPECT_EQ(put("/models/qwen3/profile", "{").status, 400U);
  EXPECT_FALSE(fs::exists(profiles));
}

TEST_F(model_routes, profile_of_a_model_that_the_router_does_not_list_is_404) {
  start();
  expect_detail(running->get("/models/nobody/profile"), 404, "nobody");
  expect_detail(put("/models/nobody/profile", R"({"top_k":3})"), 404, "nobody");
  expect_detail(post("/models/nobody/profile/apply", "{}"), 404, "nobody");
}

TEST_F(model_routes, profile_is_that_of_the_model_behind_another_name) {
  models.set("qwen3", json::object(), {"fast"});
  start();
  ASSERT_EQ(put("/models/fast/profile", R"({"top_k":3})").status, 200U);
  EXPECT_EQ(get("/models/qwen3/profile")["values"], json({{"top_k", 3}}));
  ASSERT_EQ(put("/models/org%2Fname%3aq4/profile", R"({"top_k":4})").status, 200U);
  EXPECT_EQ(get("/models/org%2fname:q4/profile")["model"], "org/name:q4");
}

TEST_F(model_routes, profile_survives_a_restart) {
  start();
  ASSERT_EQ(put("/models/qwen3/profile", R"({"top_k":3,"system_prompt":"x"})").status, 200U);
  running.reset();
  start();
  EXPECT_EQ(get("/models/qwen3/profile")["values"], json({{"top_k", 3}, {"system_prompt", "x"}}));
}

TEST_F(model_routes, damaged_profiles_are_kept_aside) {
  fs::create_directories(profiles.parent_path());
  support::write_file(profiles, R"({"version":1,"models":{"qwen3")");
  start();
  EXPECT_EQ(get("/models")["data"].size(), 3U);
  EXPECT_EQ(get("/models/qwen3/profile")["values"], json::object());
  EXPECT_EQ(put("/models/qwen3/profile", R"({"top_k":3})").status, 200U);
  std::size_t kept = 0;
  for (const auto& entry : fs::directory_iterator{profiles.parent_path()})
    kept += support::read_file(entry.path()) == R"({"version":1,"models":{"qwen3")";
  EXPECT_EQ(kept, 1U);
}

TEST_F(model_routes, profiles_without_a_disk_are_507_and_models_are_loaded_all_the_same) {
  support::write_file(files.path() / "profiles", "a file where the folder should be");
  start();
  EXPECT_EQ(put("/models/qwen3/profile", R"({"top_k":3})").status, 507U);
  EXPECT_EQ(post("/models/load", R"({"model":"qwen3"})").status, 200U);
  EXPECT_EQ(get("/models")["data"].size(), 3U);
}

// ---- apply ----

TEST_F(model_routes, apply_loads_only_when_it_is_asked_to) {
  start();
  ASSERT_EQ(put("/models/qwen3/profile", R"({"top_k":3})").status, 200U);
  const json unasked{{"success", true},
                     {"model", "qwen3"},
                     {"family", "qwen"},
                     {"values", {{"top_k", 3}}},
                     {"load", {{"requested", false}, {"success", true}}}};
  for (const std::string body : {"", "{}", R"({"load_model":false})"})
    EXPECT_EQ(json::parse(post("/models/qwen3/profile/apply", body).body), unasked) << body;
  EXPECT_TRUE(seen("/models/load").empty());
  const auto asked =
      json::parse(post("/models/qwen3/profile/apply", R"({"load_model":true})").body);
  EXPECT_EQ(asked["success"], true) << asked;
  EXPECT_EQ(asked["load"], json({{"requested", true}, {"success", true}}));
  EXPECT_EQ(seen("/models/load").size(), 1U);
  expect_detail(post("/models/qwen3/profile/apply", R"({"load_model":1})"), 400, "load_model");
  expect_detail(post("/models/qwen3/profile/apply", R"({"load":true})"), 400, "load");
}

TEST_F(model_routes, apply_tells_of_a_failed_load_in_its_answer) {
  models.refuse_loads();
  start();
  const auto reply = post("/models/qwen3/profile/apply", R"({"load_model":true})");
  ASSERT_EQ(reply.status, 200U) << reply.body;
  const auto load = json::parse(reply.body)["load"];
  EXPECT_EQ(load["success"], false);
  EXPECT_EQ(load["status_code"], 502);
  EXPECT_NE(load["detail"].get<std::string>().find("no memory"), std::string::npos);
}

TEST_F(model_routes, apply_of_a_context_size_needs_a_cluster) {
  start();
  ASSERT_EQ(put("/models/qwen3/profile", R"({"runtime_ctx_size":4096})").status, 200U);
  expect_detail(post("/models/qwen3/profile/apply", "{}"), 503, "luster");
  models.set("qwen3", {{"args", {"llama-server", "--ctx-size", "4096"}}});
  EXPECT_EQ(post("/models/qwen3/profile/apply", "{}").status, 200U);
}

// ---- routers that are away, broken, or none ----

TEST_F(model_routes, say_that_the_router_is_away) {
  const support::closed_port nobody;
  running = std::make_unique<gateway_process>(
      config_with(backend("llama-router", "http://127.0.0.1:" + std::to_string(nobody.port()),
                          "manage_models: true"),
                  "models: {restart_patience: 1s}\n"),
      options());
  expect_detail(running->get("/models"), 503, "router");
  expect_detail(post("/models/load", R"({"model":"qwen3"})"), 503, "router");
  expect_detail(post("/models/unload", R"({"model":"qwen3"})"), 503, "router");
  expect_detail(running->get("/models/qwen3/profile"), 503, "router");
  expect_detail(put("/models/qwen3/profile", R"({"top_k":3})"), 503, "router");
  EXPECT_EQ(get("/models/qwen3/schema")["family"], "qwen");
}

TEST_F(model_routes, say_that_the_router_sends_garbage) {
  models.answer_always(support::answer_bytes(200, "{broken"));
  start();
  expect_detail(running->get("/models"), 502, "garbage");
  expect_detail(post("/models/load", R"({"model":"qwen3"})"), 502, "garbage");
  expect_detail(put("/models/qwen3/profile", R"({"top_k":3})"), 502, "garbage");
}

TEST_F(model_routes, pass_an_answer_on_that_is_no_list) {
  models.answer_always(support::answer_bytes(418, R"({"error":"teapot"})"));
  start();
  const auto reply = running->get("/models");
  EXPECT_EQ(reply.status, 418U);
  EXPECT_EQ(reply.body, R"({"error":"teapot"})");
}

TEST_F(model_routes, are_forwarded_where_nobody_manages_the_models) {
  start("manage_models: false");
  EXPECT_EQ(get("/models")["data"].size(), 3U);
  const std::string body = R"({"model":"qwen3", "temprature":1})";
  EXPECT_EQ(post("/models/load", body).status, 200U);
  EXPECT_EQ(seen("/models/load")[0].body, body);
  EXPECT_EQ(post("/models/unload", R"({"model":"nobody"})").status, 404U);
  EXPECT_EQ(seen("/models/unload").size(), 1U);
  // Profiles are the gateway's own, of any model.
  EXPECT_EQ(put("/models/any/profile", R"({"top_k":3})").status, 200U);
  EXPECT_EQ(get("/models/any/profile")["values"], json({{"top_k", 3}}));
  const auto applied =
      json::parse(post("/models/any/profile/apply", R"({"load_model":true})").body);
  EXPECT_EQ(applied["load"]["success"], false);
  EXPECT_EQ(applied["load"]["status_code"], 501);
}

TEST_F(model_routes, name_the_methods_that_they_have) {
  start();
  const auto expect = [&](const std::string& path, std::string_view method,
                          const std::string& allowed) {
    auto client = running->connect();
    client.send(support::request_bytes(method, path));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 405U) << path;
    EXPECT_EQ(reply.field("Allow"), allowed) << path;
  };
  expect("/models/load", "GET", "POST, OPTIONS");
  expect("/models/unload", "GET", "POST, OPTIONS");
  expect("/models/qwen3/schema", "PUT", "GET, HEAD, OPTIONS");
  expect("/models/qwen3/profile", "DELETE", "GET, HEAD, PUT, OPTIONS");
  expect("/models/qwen3/profile/apply", "GET", "POST, OPTIONS");
  get("/models/qwen3/schema");
  EXPECT_TRUE(running->wait_for_metric("synapse_requests_total",
                                       R"(route="/models/{id}/schema",code="200")", 1));
}

} // namespace
} // namespace synapse::integration
