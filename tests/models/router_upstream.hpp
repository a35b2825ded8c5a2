/// @file
/// A llama.cpp router of one model at a time, as far as the gateway sees it.
#pragma once

#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"
#include "tests/support/scripted_upstream.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace synapse::test {

using support::upstream_connection;
using support::upstream_request;

/// State of the router; all members under `mutex` but what is said otherwise. Answers are those of
/// a build that makes room by itself.
class router_upstream {
public:
  router_upstream() : server_{[this](upstream_connection& c) { serve(c); }} {}
  ~router_upstream() { open_gates(); }

  std::string url() const { return server_.url(); }
  support::scripted_upstream& server() { return server_; }

  /// What a loaded model's chat answers; set before requests come. The default echoes the body.
  std::function<void(upstream_connection&, const upstream_request&)> chat;

  /// Models that have to be let go by `release_load`, and those that fail.
  void hold_loads(bool hold) {
    const std::lock_guard lock{mutex_};
    hold_loads_ = hold;
  }
  void release_load() {
    const std::lock_guard lock{mutex_};
    hold_loads_ = false;
    finish_loads();
  }
  void fail_loads_of(const std::string& model) {
    const std::lock_guard lock{mutex_};
    failing_ = model;
  }
  /// As after a restart: everything is unloaded, and nobody was told.
  void forget_everything() {
    const std::lock_guard lock{mutex_};
    for (auto& [name, state] : models_)
      state = "unloaded";
  }
  void set_loaded(const std::string& model) {
    const std::lock_guard lock{mutex_};
    models_[model] = "loaded";
  }
  /// From now on it answers every question to this path so.
  void answer_to(const std::string& path, unsigned status, const std::string& message) {
    const std::lock_guard lock{mutex_};
    refusals_[path] = error(status, message);
  }
  /// As an older build, which does not say how many models it holds and makes no room by itself.
  void make_no_room_by_itself() {
    const std::lock_guard lock{mutex_};
    props_ = R"({"role":"router"})";
  }
  void be_no_router() {
    const std::lock_guard lock{mutex_};
    no_router_ = true;
  }

  /// Targets of POST requests with the model in their bodies, in order: `load a`, `chat a`.
  std::vector<std::string> told() const {
    const std::lock_guard lock{mutex_};
    return told_;
  }
  std::size_t count(const std::string& what) const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::count(told_.begin(), told_.end(), what));
  }
  bool wait_for(const std::string& what, std::size_t times = 1) const {
    return support::wait_until([&] { return count(what) >= times; });
  }
  /// Bodies of the chats that reached a model.
  std::vector<std::string> bodies() const {
    const std::lock_guard lock{mutex_};
    return bodies_;
  }

  /// A gate that a chat's script waits at.
  void wait_at_gate() {
    std::unique_lock lock{mutex_};
    ++at_gate_;
    gate_.wait(lock, [this] { return gates_open_; });
    --at_gate_;
  }
  bool wait_for_gate(std::size_t count) const {
    return support::wait_until([&] {
      const std::lock_guard lock{mutex_};
      return at_gate_ >= count;
    });
  }
  void open_gates() {
    const std::lock_guard lock{mutex_};
    gates_open_ = true;
    gate_.notify_all();
  }

private:
  void serve(upstream_connection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->method == "POST" && request->target.starts_with("/v1/"))
        serve_chat(connection, *request);
      else if (!connection.send(answer(*request)))
        return;
    }
  }

  static std::string error(unsigned status, const std::string& message) {
    return support::answer_bytes(
        status, nlohmann::json{{"error", {{"code", status}, {"message", message}}}}.dump());
  }

  std::string answer(const upstream_request& request) {
    const std::lock_guard lock{mutex_};
    if (no_router_)
      return error(404, "File Not Found");
    if (request.target == "/models" && !refusals_.contains(request.target))
      return support::answer_bytes(200, list());
    if (const auto found = refusals_.find(request.target); found != refusals_.end()) {
      told_.push_back("refused " + request.target);
      return found->second;
    }
    if (request.target == "/props")
      return support::answer_bytes(200, props_);
    if (request.target == "/models/load")
      return load(nlohmann::json::parse(request.body).at("model").get<std::string>());
    if (request.target == "/models/unload") {
      const auto model = nlohmann::json::parse(request.body).at("model").get<std::string>();
      told_.push_back("unload " + model);
      models_[model] = "unloaded";
      return support::answer_bytes(200, R"({"success":true})");
    }
    return error(404, "File Not Found");
  }

  std::string load(const std::string& model) {
    told_.push_back("load " + model);
    if (!models_.contains(model))
      return error(404, "File Not Found");
    if (models_[model] != "unloaded")
      return error(400, "model is already running");
    for (auto& [name, state] : models_) {
      if (state == "loading" || (state == "loaded" && running_[name] > 0))
        return error(500, "model limit reached, try again later");
      state = "unloaded";
    }
    models_[model] = "loading";
    failed_.clear();
    if (!hold_loads_)
      finish_loads();
    return support::answer_bytes(200, R"({"success":true})");
  }

  void finish_loads() {
    for (auto& [name, state] : models_)
      if (state == "loading") {
        state = name == failing_ ? "unloaded" : "loaded";
        if (name == failing_)
          failed_ = name;
      }
  }

  std::string list() const {
    auto data = nlohmann::json::array();
    for (const auto& [name, state] : models_) {
      nlohmann::json status{{"value", state}, {"args", {"llama-server", "--ctx-size", "4096"}}};
      if (name == failed_) {
        status["failed"] = true;
        status["exit_code"] = 7;
      }
      data.push_back({{"id", name}, {"object", "model"}, {"status", status}});
    }
    return nlohmann::json{{"object", "list"}, {"data", data}}.dump();
  }

  void serve_chat(upstream_connection& connection, const upstream_request& request) {
    const auto body = nlohmann::json::parse(request.body, nullptr, false);
    const auto model = body.value("model", std::string{});
    {
      const std::lock_guard lock{mutex_};
      told_.push_back("chat " + model);
      if (!no_router_ && models_[model] != "loaded") {
        connection.send(error(400, "model is not loaded"));
        return;
      }
      bodies_.push_back(request.body);
      ++running_[model];
    }
    if (chat)
      chat(connection, request);
    else
      connection.reply(200, request.body);
    const std::lock_guard lock{mutex_};
    --running_[model];
  }

  mutable std::mutex mutex_;
  std::condition_variable gate_;
  bool gates_open_ = false;
  std::size_t at_gate_ = 0;
  std::map<std::string, std::string> models_{
      {"a", "unloaded"}, {"b", "unloaded"}, {"c", "unloaded"}};
  std::map<std::string, int> running_;
  std::string failing_;
  std::string failed_;
  bool hold_loads_ = false;
  bool no_router_ = false;
  std::string props_ = R"({"role":"router","max_instances":1})";
  std::map<std::string, std::string> refusals_;
  std::vector<std::string> told_;
  std::vector<std::string> bodies_;
  support::scripted_upstream server_; ///< the last member: its threads end first
};

/// A gateway before such a router, with short times. `models` are further keys of that section.
inline std::string router_config(const std::string& url, std::string_view models = {},
                                 std::string_view patience = "5s") {
  return "threads: 2\nmodels:\n  linger: 20ms\n  poll: 20ms\n  restart_patience: " +
         std::string{patience} + "\n" + std::string{models} +
         "backends:\n  llama-router:\n    url: " + url + "\n    retry: {attempts: 1}\n";
}

inline constexpr std::string_view chat_target = "/v1/chat/completions";

inline std::string chat_of(const std::string& model, bool stream = false,
                           const std::string& text = "hi") {
  return nlohmann::json{
      {"model", model}, {"messages", {{{"role", "user"}, {"content", text}}}}, {"stream", stream}}
      .dump();
}

inline std::string chat_request(const std::string& body) {
  return support::request_bytes("POST", chat_target, body, integration::json_type);
}

} // namespace synapse::test
