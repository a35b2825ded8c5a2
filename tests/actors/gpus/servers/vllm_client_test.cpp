// What is said to a vLLM, in virtual time.
#include "actors/gpus/servers/vllm_client.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/gpus/played_vllms.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;

struct client_script {
  std::unique_ptr<vllm_client> client;
  std::function<void(vllm_client&)> next;
};

/// An actor in the coordinator's place: the client needs one that asks for it.
gpu_coordinator_actor spawn_asker(caf::actor_system& system,
                                  const std::shared_ptr<client_script>& script) {
  return system.spawn(
      [script](gpu_coordinator_actor::pointer self) -> gpu_coordinator_actor::behavior_type {
        script->client = std::make_unique<vllm_client>(self);
        return {[](const gpu_desk_actor&, std::uint32_t) {},
                [](const gpu_demand&) {},
                [](const gpu_demand_gone&) {},
                [](const gpu_usage&) {},
                [](const gpu_drained&) {},
                [](const gpu_card_ptr&) {},
                [](const gpu_peers&) {},
                [](const peer_gpu&) {},
                [script](tick_atom) { std::exchange(script->next, nullptr)(*script->client); }};
      });
}

struct vllm_client_bed : testing::Test {
  void SetUp() override {
    told->state.addresses = {address(1, 8001)};
    control = spawn_fake(actors.system(), told);
    link = spawn_fake(actors.system(), server);
    self = spawn_asker(actors.system(), script);
    whom.settings = backend_named("v");
    whom.settings.url.base_path = "/base";
    whom.control = control;
    whom.link = link;
    actors.settle();
  }
  void TearDown() override {
    actors.end(self);
    server->held.clear();
    actors.end(link);
    actors.end(control);
  }
  void within(std::function<void(vllm_client&)> what) {
    script->next = std::move(what);
    caf::anon_send(self, tick_atom::value);
    actors.settle();
  }

  test::deterministic_actor_system actors;
  std::shared_ptr<fake_backend> told = std::make_shared<fake_backend>();
  std::shared_ptr<played_vllm> server = std::make_shared<played_vllm>();
  std::shared_ptr<client_script> script = std::make_shared<client_script>();
  backend_actor control;
  http_link_actor link;
  gpu_coordinator_actor self;
  gpu_card::member whom;
};

TEST_F(vllm_client_bed, asks_where_the_backend_is_and_under_its_path) {
  within([&](auto& client) { client.look(whom, [](auto, auto) {}); });
  ASSERT_EQ(server->calls.size(), 1U);
  EXPECT_EQ(server->calls[0].target, "/base/is_sleeping");
  EXPECT_EQ(server->calls[0].address.port, 8001);
  EXPECT_EQ(server->calls[0].method, "GET");
}

TEST_F(vllm_client_bed, sends_the_key_in_the_field_that_the_settings_name) {
  whom.bearer = "key";
  whom.settings.authorization.header = "X-Key";
  within([&](auto& client) { client.look(whom, [](auto, auto) {}); });
  ASSERT_EQ(server->calls.size(), 1U);
  EXPECT_EQ(server->calls[0].fields, "X-Key: key\r\n");
}

TEST_F(vllm_client_bed, a_wake_has_the_time_that_it_is_given) {
  whom.settings.sleep.wake_timeout = config::milliseconds{77'000};
  within([&](auto& client) { client.wake(whom, "weights", [](auto, auto) {}); });
  ASSERT_EQ(server->calls.size(), 1U);
  EXPECT_EQ(server->calls[0].target, "/base/wake_up?tags=weights");
  EXPECT_EQ(server->calls[0].timeout_ms, 77'000U);
}

TEST_F(vllm_client_bed, a_link_that_has_ended_is_no_answer) {
  actors.end(link);
  std::optional<gpus::outcome> how;
  within([&](auto& client) {
    client.sleep(whom, 2, [&](gpus::outcome what, const std::string&) { how = what; });
  });
  EXPECT_EQ(how, gpus::outcome::silent);
}

TEST_F(vllm_client_bed, a_name_without_an_address_is_no_answer_after_a_while) {
  told->state.addresses.clear();
  told->state.resolved = false;
  std::optional<gpus::sighting> seen;
  within([&](auto& client) {
    client.look(whom, [&](gpus::sighting what, const std::string&) { seen = what; });
  });
  EXPECT_TRUE(script->client->wants_address());
  EXPECT_FALSE(seen);
  actors.advance(6s, 100ms);
  within([](auto& client) { client.try_again(); });
  EXPECT_EQ(seen, gpus::sighting::silent);
}

TEST_F(vllm_client_bed, a_warm_up_without_a_model_is_refused_without_a_prompt) {
  server->down = true;
  std::optional<gpus::outcome> how;
  within([&](auto& client) {
    client.warm_up(whom, [&](gpus::outcome what, const std::string&) { how = what; });
  });
  EXPECT_EQ(how, gpus::outcome::refused);
  EXPECT_TRUE(server->commands().empty());
}

} // namespace
} // namespace synapse::actors
