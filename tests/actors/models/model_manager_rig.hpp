/// @file
/// A model manager with real desks, between a router and a cluster that a test plays.
#pragma once

#include "actors/models/model_desk.hpp"
#include "actors/models/model_manager.hpp"
#include "actors/protocol/error.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/models/fake_router.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

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
