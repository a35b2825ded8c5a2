#include "actors/protocol/error.hpp"
#include "actors/supervision/config_publisher.hpp"
#include "config/defaults/route_defaults.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;

config::settings with_routes(std::vector<config::route_settings> routes) {
  config::settings settings;
  settings.routes = std::move(routes);
  return settings;
}

std::string route_of(const config::settings& settings, std::string_view path) {
  const auto* route = config::find_route(settings, path);
  return route ? route->backend : "(none)";
}

TEST(find_route, prefers_the_exact_path_then_the_longest_prefix) {
  const auto settings =
      with_routes({{"/a/*", "short"}, {"/a/b/*", "long"}, {"/a/b/c", "exact"}, {"/*", "rest"}});
  EXPECT_EQ(route_of(settings, "/a/b/c"), "exact");
  EXPECT_EQ(route_of(settings, "/a/b/c/d"), "long");
  EXPECT_EQ(route_of(settings, "/a/b/"), "long");
  EXPECT_EQ(route_of(settings, "/a/b"), "short");
  EXPECT_EQ(route_of(settings, "/a"), "rest");
  EXPECT_EQ(route_of(settings, "/"), "rest");
}

TEST(find_route, matches_whole_segments_only) {
  const auto settings = with_routes({{"/tts/*", "speech"}, {"/models", "llm"}});
  EXPECT_EQ(route_of(settings, "/tts/voices"), "speech");
  EXPECT_EQ(route_of(settings, "/tts"), "(none)");
  EXPECT_EQ(route_of(settings, "/ttsx/voices"), "(none)");
  EXPECT_EQ(route_of(settings, "/models/"), "(none)");
  EXPECT_EQ(route_of(settings, "/MODELS"), "(none)");
  EXPECT_EQ(route_of(settings, ""), "(none)");
  EXPECT_EQ(route_of(with_routes({}), "/models"), "(none)");
}

TEST(find_route, does_not_depend_on_the_order_of_the_file) {
  EXPECT_EQ(route_of(with_routes({{"/a/b/*", "long"}, {"/a/*", "short"}}), "/a/b/c"), "long");
  EXPECT_EQ(route_of(with_routes({{"/a/*", "short"}, {"/a/b/*", "long"}}), "/a/b/c"), "long");
}

/// A publisher with two switchboards that may hold their answers back.
struct config_publisher : testing::Test {
  struct switchboard_script {
    std::vector<std::uint64_t> generations;
    bool hold = false;
    std::vector<caf::typed_response_promise<bool>> held;
  };

  config_publisher() {
    for (const auto& script : scripts)
      switchboards.push_back(actors.system().spawn(
          [script](switchboard_actor::pointer self) -> switchboard_actor::behavior_type {
            return {[self, script](const snapshot_ptr& snapshot) -> caf::result<bool> {
              script->generations.push_back(snapshot->generation);
              if (!script->hold)
                return true;
              auto promise = self->make_response_promise<bool>();
              script->held.push_back(promise);
              return promise;
            }};
          }));
    subject = spawn_config_publisher(actors.system(), switchboards);
  }
  void TearDown() override {
    for (const auto& script : scripts)
      script->held.clear();
    actors.end(subject);
    for (auto& one : switchboards)
      actors.end(one);
    for (auto& one : backends)
      actors.end(one);
  }

  snapshot_ptr snapshot(std::uint64_t generation) {
    auto result = std::make_shared<gateway_snapshot>();
    result->generation = generation;
    result->settings = std::make_shared<config::settings>(with_routes({{"/a/*", "a"}}));
    for (auto& backend : backends) {
      backend_entry entry;
      entry.control = backend;
      result->backends.push_back(entry);
    }
    result->publisher = subject; // as the supervisor does
    return result;
  }
  void add_backend(const std::string& name) {
    auto script = std::make_shared<fake_backend>();
    script->state.name = name;
    backends.push_back(spawn_fake(actors.system(), script));
  }

  test::deterministic_actor_system actors;
  std::vector<std::shared_ptr<switchboard_script>> scripts{std::make_shared<switchboard_script>(),
                                                           std::make_shared<switchboard_script>()};
  std::vector<switchboard_actor> switchboards;
  std::vector<backend_actor> backends;
  config_publisher_actor subject;
};

TEST_F(config_publisher, answers_once_every_thread_uses_the_snapshot) {
  const auto applied = actors.ask<bool>(subject, snapshot(1));
  ASSERT_TRUE(applied);
  EXPECT_TRUE(*applied);
  for (const auto& script : scripts)
    EXPECT_EQ(script->generations, std::vector<std::uint64_t>{1});
  scripts[1]->hold = true;
  auto pending = actors.begin_ask<bool>(subject, snapshot(2));
  actors.advance(1s, 100ms);
  EXPECT_FALSE(pending.answered());
  EXPECT_EQ(scripts[0]->generations.back(), 2U);
  actors.advance(5s, 100ms);
  EXPECT_TRUE(pending.answered()) << "not for ever";
}

TEST_F(config_publisher, does_not_wait_for_a_dead_switchboard) {
  actors.end(switchboards[0]);
  EXPECT_TRUE(actors.ask<bool>(subject, snapshot(1)));
  EXPECT_EQ(scripts[1]->generations, std::vector<std::uint64_t>{1});
}

TEST_F(config_publisher, gathers_the_states_of_all_backends_by_name) {
  EXPECT_TRUE(actors.ask<std::vector<backend_snapshot>>(subject, snap_atom::value)->empty());
  for (const auto* name : {"c", "a", "b"})
    add_backend(name);
  actors.ask<bool>(subject, snapshot(1));
  auto states = actors.ask<std::vector<backend_snapshot>>(subject, snap_atom::value);
  ASSERT_TRUE(states);
  ASSERT_EQ(states->size(), 3U);
  EXPECT_EQ((*states)[0].name, "a");
  EXPECT_EQ((*states)[2].name, "c");
  actors.end(backends[0]); // "c"
  states = actors.ask<std::vector<backend_snapshot>>(subject, snap_atom::value);
  ASSERT_TRUE(states) << "one that has died is left out";
  EXPECT_EQ(states->size(), 2U);
}

TEST(error, is_rendered_for_people) {
  EXPECT_EQ(render({}), "no error");
  EXPECT_EQ(render(caf::make_error(ec::shutting_down)), "the gateway is shutting down");
  EXPECT_NE(render(caf::make_error(ec::unavailable, "x")).find("x"), std::string::npos);
  EXPECT_EQ(render(caf::make_error(caf::sec::request_timeout)), "request_timeout");
  for (std::uint8_t code = 0; code < static_cast<std::uint8_t>(ec::count_); ++code)
    EXPECT_FALSE(describe(static_cast<ec>(code)).empty());
  EXPECT_EQ(describe(ec::count_), "unknown error");
}

} // namespace
} // namespace synapse::actors
