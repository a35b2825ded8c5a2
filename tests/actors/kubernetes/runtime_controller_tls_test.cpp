// The runtime controller over real sockets: TLS that is verified by address, a token that is
// replaced, an API that lags, refuses and loses answers.
#include "actors/backends/resolver.hpp"
#include "actors/kubernetes/runtime_controller.hpp"
#include "actors/protocol/error.hpp"
#include "app/tls_contexts.hpp"
#include "http/client/http_link.hpp"
#include "tests/support/fake_kubernetes.hpp"
#include "tests/support/gateway_process.hpp"
#include "tests/support/io_runner.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;
using support::fake_kubernetes;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using words = std::vector<std::string>;

struct runtime_controller_tls : testing::Test {
  void SetUp() override {
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", std::size_t{1});
    system = std::make_unique<caf::actor_system>(config);
    unit = std::make_unique<io_unit>(*system, runner.io());
    parts.timeout = 20s;
    parts.poll_interval = 10ms;
    parts.report = [](const std::string& text) { EXPECT_THAT(text, Not(HasSubstr("token-of"))); };
    auto& cluster = parts.cluster;
    cluster.api_url = kubernetes.url();
    cluster.service_account_dir = kubernetes.service_account();
    cluster.variables = [](const std::string&) { return std::string{}; };
    cluster.resolver = spawn_resolver(*system);
    cluster.make_tls = app::make_authority_context;
    cluster.make_link = [this](tls_context tls, std::string name) -> http_link_actor {
      client::pool_options options;
      options.tls = std::move(tls);
      options.server_name = std::move(name);
      return spawn_pinned<http_link>(*unit, std::move(options));
    };
  }
  void TearDown() override {
    for (const auto& one : {caf::actor_cast<caf::actor>(controller),
                            caf::actor_cast<caf::actor>(parts.cluster.resolver)})
      if (one)
        caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    controller = nullptr;
    parts.cluster.resolver = nullptr;
    // Links, too: a pinned actor must have ended before its thread does.
    system->await_all_actors_done();
    runner.stop();
    system.reset();
  }

  caf::expected<runtime_applied> apply(std::int64_t tokens) {
    if (!controller)
      controller = spawn_runtime_controller(*system, parts);
    caf::scoped_actor self{*system};
    caf::expected<runtime_applied> result = caf::make_error(ec::unavailable);
    self->request(controller, 25s, apply_runtime{tokens})
        .receive([&](runtime_applied& done) { result = done; },
                 [&](caf::error& error) { result = std::move(error); });
    return result;
  }
  void expect_applied(std::int64_t tokens, bool changed) {
    const auto result = apply(tokens);
    ASSERT_TRUE(result) << render(result.error());
    EXPECT_EQ(result->changed, changed);
    EXPECT_EQ(result->generation, kubernetes.generation());
    EXPECT_EQ(kubernetes.args(),
              (words{"--host", "0.0.0.0", "--ctx-size", std::to_string(tokens)}));
  }
  void expect_error(std::int64_t tokens, ec code, const testing::Matcher<std::string>& text) {
    const auto result = apply(tokens);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), caf::make_error(code)) << render(result.error());
    EXPECT_THAT(detail(result.error()), text);
    EXPECT_THAT(detail(result.error()), Not(HasSubstr("token-of")));
  }

  test::watchdog dog{90s};
  support::temporary_directory directory;
  fake_kubernetes kubernetes{directory.path()};
  test::io_runner runner;
  caf::actor_system_config config;
  std::unique_ptr<io_unit> unit; ///< outlives the system
  std::unique_ptr<caf::actor_system> system;
  runtime_controller_parts parts;
  runtime_controller_actor controller;
};

TEST_F(runtime_controller_tls, changes_the_deployment_and_waits_out_its_lag) {
  kubernetes.set_rollout(3, 2);
  expect_applied(32768, true);
  EXPECT_EQ(kubernetes.count("GET"), 1u + 3 + 2 + 1);
  EXPECT_EQ(kubernetes.asked_name(), "") << "an address is no name";
  const auto seen = kubernetes.requests();
  ASSERT_GE(seen.size(), 2u);
  EXPECT_EQ(seen[1].method, "PATCH");
  EXPECT_EQ(seen[1].field("Host"), "127.0.0.1:" + std::to_string(kubernetes.port()));
  EXPECT_EQ(seen[1].count("Authorization"), 1u);
  expect_applied(32768, false);
  EXPECT_EQ(kubernetes.count("PATCH"), 1u);
}

TEST_F(runtime_controller_tls, finds_the_api_by_the_variables_of_a_pod) {
  parts.cluster.api_url.clear();
  parts.cluster.variables = [this](const std::string& name) -> std::string {
    if (name == "KUBERNETES_SERVICE_HOST")
      return "127.0.0.1";
    return name == "KUBERNETES_SERVICE_PORT" ? std::to_string(kubernetes.port()) : "";
  };
  expect_applied(32768, true);
}

TEST_F(runtime_controller_tls, tells_the_world_of_a_patch_before_it_is_answered) {
  std::promise<words> told;
  auto heard = told.get_future();
  kubernetes.on_patch([&](const words& args) { told.set_value(args); });
  expect_applied(32768, true);
  ASSERT_EQ(heard.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(heard.get(), kubernetes.args());
}

TEST_F(runtime_controller_tls, follows_a_token_that_is_replaced) {
  expect_applied(32768, true);
  kubernetes.rotate_token("token-of-the-second-hour", true);
  expect_applied(8192, true);
  // Replaced in the middle of a change.
  kubernetes.set_rollout(2, 0);
  kubernetes.on_patch(
      [this](const words&) { kubernetes.rotate_token("token-of-the-third-hour", true); });
  expect_applied(4096, true);
}

TEST_F(runtime_controller_tls, believes_that_a_token_is_refused_when_it_is_twice) {
  kubernetes.rotate_token("token-of-somebody-else", false);
  expect_error(32768, ec::cluster_refused, HasSubstr("401 Unauthorized"));
  EXPECT_EQ(kubernetes.requests().size(), 2u);
}

TEST_F(runtime_controller_tls, trusts_nobody_but_the_authority_of_the_cluster) {
  const auto ca = kubernetes.service_account() / "ca.crt";
  const auto right = support::read_file(ca);
  const support::certificate_authority other{directory.path(), "other-authority"};
  support::replace_file(ca, support::read_file(other.certificate()));
  expect_error(32768, ec::cluster_refused,
               AllOf(HasSubstr("no answer from the Kubernetes API at 127.0.0.1:"),
                     HasSubstr("certificate verify failed"), HasSubstr("ca.crt")));
  EXPECT_TRUE(kubernetes.requests().empty()) << "the token has gone to a stranger";
  // It is replaced, and used without a restart.
  support::replace_file(ca, right);
  expect_applied(32768, true);
}

TEST_F(runtime_controller_tls, is_not_taken_in_by_a_certificate_for_another_host) {
  // Of the right authority, but made out for 127.0.0.1.
  parts.cluster.api_url = "https://localhost:" + std::to_string(kubernetes.port());
  expect_error(32768, ec::cluster_refused, HasSubstr("made out for this host"));
  EXPECT_EQ(kubernetes.asked_name(), "localhost");
  EXPECT_TRUE(kubernetes.requests().empty());
}

TEST_F(runtime_controller_tls, needs_an_authority) {
  support::replace_file(kubernetes.service_account() / "ca.crt", "nothing");
  expect_error(32768, ec::cluster_refused,
               AllOf(HasSubstr("ca.crt"), HasSubstr("cannot read trusted certificates")));
}

TEST_F(runtime_controller_tls, passes_refusals_on) {
  kubernetes.refuse("PATCH", 403, "Forbidden");
  expect_error(32768, ec::cluster_refused,
               AllOf(HasSubstr("cannot patch"), HasSubstr("403 Forbidden"), HasSubstr("a Role")));
  kubernetes.refuse("GET", 500, "InternalError", 2);
  expect_error(32768, ec::cluster_refused, HasSubstr("500 InternalError"));
}

TEST_F(runtime_controller_tls, meets_conflicts_by_another_look) {
  kubernetes.refuse("PATCH", 409, "Conflict", 3);
  expect_applied(32768, true);
  EXPECT_EQ(kubernetes.count("PATCH"), 4u);
}

TEST_F(runtime_controller_tls, finds_out_about_an_answer_that_got_lost) {
  kubernetes.lose_next_answer();
  expect_applied(32768, true);
  EXPECT_EQ(kubernetes.count("PATCH"), 1u);
}

TEST_F(runtime_controller_tls, waits_out_failures_during_the_rollout) {
  kubernetes.on_patch([this](const words&) { kubernetes.refuse("GET", 503, "Unavailable", 3); });
  expect_applied(32768, true);
}

TEST_F(runtime_controller_tls, tells_a_rollout_that_failed) {
  kubernetes.set_rollout(1, 1, fake_kubernetes::outcome::deadline_exceeded);
  expect_error(32768, ec::rollout_failed, HasSubstr("it has timed out progressing."));
}

TEST_F(runtime_controller_tls, gives_up_a_rollout_that_does_not_finish) {
  parts.timeout = 300ms;
  kubernetes.set_rollout(1, 1, fake_kubernetes::outcome::stuck);
  expect_error(32768, ec::rollout_timeout,
               AllOf(HasSubstr("not ready within 300ms"), HasSubstr("0 of 1 pod")));
}

TEST_F(runtime_controller_tls, of_another_deployment_or_container_says_so) {
  parts.container = "llama";
  expect_error(32768, ec::cluster_refused, HasSubstr("sidecar, llama-server"));
  caf::anon_send_exit(controller, caf::exit_reason::user_shutdown);
  controller = nullptr;
  parts.deployment = "router";
  expect_error(32768, ec::cluster_refused, HasSubstr("404 NotFound"));
}

TEST_F(runtime_controller_tls, says_that_nobody_listens) {
  const support::closed_port nobody;
  parts.cluster.api_url = "https://127.0.0.1:" + std::to_string(nobody.port());
  expect_error(32768, ec::cluster_refused, HasSubstr("Connection refused"));
}

} // namespace
} // namespace synapse::actors
