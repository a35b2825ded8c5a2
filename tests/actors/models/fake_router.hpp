/// @file
/// A router, and who changes its arguments, as a test plays them.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "tests/actors/http_replies.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

using namespace std::chrono_literals;

inline http_reply error_answer(std::uint16_t status, const std::string& message) {
  return answer(
      status,
      nlohmann::json{
          {"error", {{"code", status}, {"message", message}, {"type", "invalid_request_error"}}}}
          .dump());
}
inline http_reply success() {
  return answer(200, R"({"success":true})");
}

/// What a router says; it does nothing by itself, its models' states are set by the test.
struct fake_router {
  struct model {
    std::string value = "unloaded";
    bool failed = false;
    std::optional<double> progress;
  };
  std::map<std::string, model> models{{"a", {}}, {"b", {}}, {"c", {}}};
  std::int64_t ctx_size = 4096;
  std::optional<http_reply> list;  ///< instead of the models
  std::optional<http_reply> every; ///< to everything
  /// An older one, which does not say how many models it holds.
  http_reply props = answer(200, R"({"role":"router"})");
  std::function<http_reply(const std::string&)> load = [](auto&) { return success(); };
  std::function<http_reply(const std::string&)> unload = [](auto&) { return success(); };
  bool hold_lists = false;
  bool hold_props = false;

  std::vector<http_call> calls;
  std::vector<caf::typed_response_promise<http_reply>> events; ///< streams that are open
  std::vector<caf::typed_response_promise<http_reply>> held;   ///< lists that are not answered
  std::vector<caf::typed_response_promise<http_reply>> held_props;
  http_link_actor::pointer self = nullptr;

  std::size_t count(const std::string& target) const {
    std::size_t sum = 0;
    for (const auto& call : calls)
      sum += call.target == target ? 1 : 0;
    return sum;
  }
  /// The models that were to be loaded or unloaded, in order.
  std::vector<std::string> told(const std::string& target) const {
    std::vector<std::string> names;
    for (const auto& call : calls)
      if (call.target == target)
        names.push_back(nlohmann::json::parse(call.body).at("model").get<std::string>());
    return names;
  }
  std::vector<std::string> loads() const { return told("/models/load"); }
  std::vector<std::string> unloads() const { return told("/models/unload"); }

  std::string list_body() const {
    auto data = nlohmann::json::array();
    for (const auto& [name, one] : models) {
      nlohmann::json status{{"value", one.value},
                            {"args", {"llama-server", "--ctx-size", std::to_string(ctx_size)}}};
      if (one.failed) {
        status["failed"] = true;
        status["exit_code"] = 9;
      }
      if (one.progress)
        status["progress"] = {{"stages", {"load"}}, {"value", *one.progress}};
      data.push_back({{"id", name}, {"object", "model"}, {"status", status}});
    }
    return nlohmann::json{{"object", "list"}, {"data", data}}.dump();
  }
  http_reply reply_to(const http_call& call) const {
    if (every)
      return *every;
    if (call.target == "/props")
      return props;
    if (call.method == "POST") {
      const auto name = nlohmann::json::parse(call.body).at("model").get<std::string>();
      return call.target == "/models/load" ? load(name) : unload(name);
    }
    return list ? *list : answer(200, list_body());
  }
  /// Answers the lists that were held back.
  void release() {
    self->context(self->system().dummy_execution_unit());
    for (auto& promise : std::exchange(held, {}))
      promise.deliver(answer(200, list_body()));
  }
  /// Answers what was asked about its properties.
  void release_props() {
    self->context(self->system().dummy_execution_unit());
    hold_props = false;
    for (auto& promise : std::exchange(held_props, {}))
      promise.deliver(props);
  }
  /// Its event streams end.
  void end_events(const http_reply& how) {
    self->context(self->system().dummy_execution_unit());
    for (auto& promise : std::exchange(events, {}))
      promise.deliver(how);
  }
};

inline http_link_actor spawn_fake(caf::actor_system& system,
                                  const std::shared_ptr<fake_router>& script) {
  return system.spawn([script](http_link_actor::pointer self) -> http_link_actor::behavior_type {
    script->self = self;
    return {[self, script](const http_call& call) -> caf::result<http_reply> {
      script->calls.push_back(call);
      if (call.target == "/props" && script->hold_props) {
        script->held_props.push_back(self->make_response_promise<http_reply>());
        return script->held_props.back();
      }
      const bool holds = call.target == "/models" && script->hold_lists;
      if ((!call.events && !holds) || script->every)
        return script->reply_to(call);
      auto promise = self->make_response_promise<http_reply>();
      (call.events ? script->events : script->held).push_back(promise);
      return promise;
    }};
  });
}

/// Who changes the router's arguments.
struct fake_runtime {
  std::vector<std::int64_t> asked;
  caf::error refuses; ///< the check
  std::vector<caf::typed_response_promise<runtime_applied>> held;
  runtime_controller_actor::pointer self = nullptr;

  void finish() {
    self->context(self->system().dummy_execution_unit());
    runtime_applied done;
    done.changed = true;
    done.generation = 7;
    for (auto& promise : std::exchange(held, {}))
      promise.deliver(done);
  }
  void fail(const caf::error& why) {
    self->context(self->system().dummy_execution_unit());
    for (auto& promise : std::exchange(held, {}))
      promise.deliver(why);
  }
};

inline runtime_controller_actor spawn_fake(caf::actor_system& system,
                                           const std::shared_ptr<fake_runtime>& script) {
  return system.spawn(
      [script](runtime_controller_actor::pointer self) -> runtime_controller_actor::behavior_type {
        script->self = self;
        return {[self, script](const apply_runtime& what) -> caf::result<runtime_applied> {
                  script->asked.push_back(what.ctx_size);
                  auto promise = self->make_response_promise<runtime_applied>();
                  script->held.push_back(promise);
                  return promise;
                },
                [script](check_atom) -> caf::result<bool> {
                  if (script->refuses)
                    return script->refuses;
                  return true;
                }};
      });
}

} // namespace synapse::actors
