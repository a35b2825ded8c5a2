/// @file
/// A model manager with real desks, between a router and a cluster that a test plays.
#pragma once

#include "actors/models/model_desk.hpp"
#include "actors/models/model_manager.hpp"
#include "actors/protocol/error.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/http_replies.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
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

struct manager_rig : testing::Test {
  manager_rig() {
    told->state.addresses = {address(1, 8082)};
    parts.backend = backend_named("router");
    parts.lanes = 2;
    parts.events.loaded = [this](const std::string& model, time_ns took) {
      loaded.emplace_back(model, took);
    };
    parts.events.load_failed = [this](const std::string& model, const std::string& why) {
      failed.emplace_back(model, why);
    };
    parts.events.unloaded = [this](const std::string& model) { unloaded.push_back(model); };
    parts.events.refused = [this](const std::string& what, const std::string& why) {
      refused.emplace_back(what, why);
    };
    parts.events.reachable = [this](const std::string& why) { reachable.push_back(why); };
    parts.events.waiting = [this](std::size_t now) { waiting = now; };
  }

  void start() {
    control = spawn_fake(actors.system(), told);
    link = spawn_fake(actors.system(), router);
    if (with_runtime)
      runtime_actor = spawn_fake(actors.system(), runtime);
    parts.control = control;
    parts.link = link;
    parts.runtime = runtime_actor;
    manager = spawn_model_manager(actors.system(), parts);
    for (std::uint32_t lane = 0; lane < 2; ++lane) {
      desks.push_back(spawn_pinned<client::model_desk>(actors.unit(lane), manager, lane));
      caf::anon_send(manager, desks.back(), lane);
    }
    actors.settle();
  }
  void TearDown() override {
    for (auto& desk : std::exchange(desks, {}))
      actors.end(desk);
    actors.end(manager);
    router->held.clear();
    router->events.clear();
    runtime->held.clear();
    actors.end(link);
    actors.end(control);
    if (runtime_actor)
      actors.end(runtime_actor);
  }

  client::model_desk& desk(std::size_t lane = 0) { return client::model_desk::behind(desks[lane]); }
  const model_view& view(std::size_t lane = 0) { return *desk(lane).view(); }
  bool open(const std::string& model) {
    const auto found = view().models.find(model);
    return found != view().models.end() && found->second.open;
  }
  /// A session's request; its answer is looked at whenever the test likes.
  auto ask(const std::string& model, bool wait = true, std::size_t lane = 0) {
    auto question =
        actors.begin_ask<model_grant>(desks[lane], model_request(++requests, model, wait));
    actors.settle();
    return question;
  }
  /// Of one who was told that a model is not there.
  auto ask_anew(const std::string& model) {
    auto question =
        actors.begin_ask<model_grant>(desks[0], model_request(++requests, model, true, true));
    actors.settle();
    return question;
  }
  /// The end of a request that was granted.
  void leave(const std::string& model, std::size_t lane = 0) {
    desk(lane).leave(model);
    actors.settle();
  }
  auto command(bool load, const std::string& model) {
    auto question = actors.begin_ask<model_command_done>(manager, model_command(load, model));
    actors.settle();
    return question;
  }
  auto apply(std::int64_t ctx_size) {
    auto question =
        actors.begin_ask<runtime_applied>(manager, apply_runtime(ctx_size), std::string{"a"});
    actors.settle();
    return question;
  }
  void event(const std::string& data) {
    http_event one;
    one.data = data;
    caf::anon_send(manager, one);
    actors.settle();
  }
  void pass(std::chrono::milliseconds by) { actors.advance(by, 50ms); }
  void becomes(const std::string& model, const std::string& value) {
    router->models[model].value = value;
  }
  /// Nothing is asked any more than now and then.
  void expect_quiet() {
    pass(20s);
    const auto before = router->calls.size();
    pass(60s);
    EXPECT_LE(router->calls.size(), before + 5) << "a list every 15 s is enough";
    EXPECT_EQ(waiting, 0U);
  }

  test::deterministic_actor_system actors{2};
  std::shared_ptr<fake_backend> told = std::make_shared<fake_backend>();
  std::shared_ptr<fake_router> router = std::make_shared<fake_router>();
  std::shared_ptr<fake_runtime> runtime = std::make_shared<fake_runtime>();
  bool with_runtime = true;
  model_manager_parts parts;
  backend_actor control;
  http_link_actor link;
  runtime_controller_actor runtime_actor;
  model_manager_actor manager;
  std::vector<model_desk_actor> desks;
  std::uint64_t requests = 0;
  std::vector<std::pair<std::string, time_ns>> loaded;
  std::vector<std::pair<std::string, std::string>> failed;
  std::vector<std::pair<std::string, std::string>> refused;
  std::vector<std::string> unloaded;
  std::vector<std::string> reachable;
  std::size_t waiting = 0;
};

} // namespace synapse::actors
