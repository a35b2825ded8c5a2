// Probes over loopback sockets, on the test's own thread and in its own time.
#include "actors/backends/health/prober.hpp"
#include "http/net/virtual_clock.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/played_backend.hpp"
#include "tests/support/deterministic_actor_system.hpp"
#include "tests/support/waiting.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;
using pending_probe = test::deterministic_actor_system::pending<probe_result>;

struct prober_test : testing::Test {
  prober_test() { net::virtual_clock::stand_for(&actors.unit().thread()); }

  void SetUp() override {
    settings = backend_named("chat");
    control->state.addresses = {backend.address()};
    control_actor = spawn_fake(actors.system(), control);
  }
  void TearDown() override {
    if (probing)
      actors.end(probing);
    actors.end(control_actor);
    actors.settle();
  }

  /// Begins a probe; the prober is made with the first one.
  pending_probe begin() {
    if (!probing)
      probing = spawn_pinned<prober>(actors.unit(), control_actor, settings,
                                     std::shared_ptr<net::asio::ssl::context>{}, key);
    auto question = actors.begin_ask<probe_result>(probing, check_atom::value);
    actors.settle();
    return question;
  }
  /// Lets sockets and actors do what they can until it holds.
  bool until(const std::function<bool()>& holds) {
    return support::wait_until([&] {
      for (int i = 0; i < 20 && !holds(); ++i) {
        backend.pump();
        actors.settle();
      }
      return holds();
    });
  }
  probe_result probe() {
    auto question = begin();
    EXPECT_TRUE(until([&] { return question.answered(); }));
    EXPECT_TRUE(*question);
    return *question ? **question : probe_result{};
  }
  /// Moves the time of sockets and actors on together.
  void pass(std::chrono::nanoseconds time) {
    clock.advance(time.count());
    actors.advance(time, time);
  }

  net::virtual_clock clock{1'000'000'000'000};
  test::deterministic_actor_system actors{1};
  played_backend backend{actors.unit().thread()};
  std::shared_ptr<fake_backend> control = std::make_shared<fake_backend>();
  backend_actor control_actor;
  config::backend_settings settings;
  std::string key;
  prober_actor probing;
};

using path_list = std::vector<std::string>;

TEST_F(prober_test, asks_the_path_below_the_base_with_the_backends_own_key) {
  settings.url.base_path = "/base";
  key = "secret";
  backend.answers["/base/health"] = http_answer(200);
  const auto result = probe();
  EXPECT_EQ(result.backend, "chat");
  EXPECT_EQ(result.code, 200);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.path, "") << "the configured one";
  EXPECT_FALSE(result.busy);
  EXPECT_FALSE(result.disconnected);
  ASSERT_EQ(backend.heads.size(), 1u);
  EXPECT_TRUE(backend.heads[0].starts_with("GET /base/health HTTP/1.1\r\n")) << backend.heads[0];
  EXPECT_NE(backend.heads[0].find("Host: chat.example"), std::string::npos);
  EXPECT_NE(backend.heads[0].find("Authorization: Bearer secret\r\n"), std::string::npos);
}

TEST_F(prober_test, sends_no_key_where_there_is_none) {
  backend.answers["/health"] = http_answer(200);
  probe();
  ASSERT_EQ(backend.heads.size(), 1u);
  EXPECT_EQ(backend.heads[0].find("Authorization"), std::string::npos);
}

TEST_F(prober_test, tells_the_status_whatever_it_is) {
  backend.answers["/health"] = http_answer(503);
  const auto result = probe();
  EXPECT_EQ(result.code, 503);
  EXPECT_EQ(result.error, "");
  EXPECT_FALSE(result.disconnected);
}

TEST_F(prober_test, takes_the_status_although_the_body_is_over_the_bound) {
  backend.answers["/health"] = http_answer(200, std::string(2'000'000, 'x'));
  const auto result = probe();
  EXPECT_EQ(result.code, 200);
  EXPECT_EQ(result.error, "");
}

TEST_F(prober_test, keeps_its_connection_from_probe_to_probe) {
  backend.answers["/health"] = http_answer(200);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(probe().code, 200);
  EXPECT_EQ(backend.connections, 1u);
  EXPECT_EQ(backend.heads.size(), 3u);
}

TEST_F(prober_test, a_refused_connection_is_a_lost_one) {
  backend.refuse();
  const auto result = probe();
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(result.disconnected);
  EXPECT_NE(result.error, "");
}

TEST_F(prober_test, an_end_before_the_answer_is_a_lost_connection) {
  backend.hang_up = true;
  const auto result = probe();
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(result.disconnected);
  EXPECT_NE(result.error, "");
}

TEST_F(prober_test, silence_is_an_error_after_the_timeout_and_no_lost_connection) {
  settings.health.timeout = 5s;
  auto question = begin();
  ASSERT_TRUE(until([&] { return backend.heads.size() == 1; }));
  pass(4'900ms);
  EXPECT_FALSE(question.answered());
  pass(200ms);
  ASSERT_TRUE(until([&] { return question.answered(); }));
  ASSERT_TRUE(*question);
  EXPECT_EQ(question->code, 0);
  EXPECT_NE(question->error, "");
  EXPECT_FALSE(question->disconnected);
  EXPECT_FALSE(question->busy);
  EXPECT_GE(question->duration_us, 5'000'000u);
}

TEST_F(prober_test, a_backend_at_work_with_all_it_takes_is_busy_when_it_is_silent) {
  settings.health.timeout = 5s;
  settings.concurrency.max_requests = 2;
  control->state.leased = 2;
  auto question = begin();
  ASSERT_TRUE(until([&] { return backend.heads.size() == 1; }));
  pass(450ms);
  EXPECT_FALSE(question.answered());
  pass(100ms);
  ASSERT_TRUE(until([&] { return question.answered(); })) << "is not waited for any longer";
  EXPECT_TRUE(question->busy);
  EXPECT_FALSE(question->disconnected);
}

TEST_F(prober_test, a_busy_backend_that_answers_is_well) {
  settings.concurrency.max_requests = 1;
  control->state.leased = 1;
  backend.answers["/health"] = http_answer(200);
  const auto result = probe();
  EXPECT_EQ(result.code, 200);
  EXPECT_FALSE(result.busy);
}

TEST_F(prober_test, a_backend_that_takes_many_is_not_excused_for_them) {
  settings.health.timeout = 5s;
  settings.concurrency.max_requests = 65; // leases lie idle with so many
  control->state.leased = 65;
  auto question = begin();
  ASSERT_TRUE(until([&] { return backend.heads.size() == 1; }));
  pass(4'900ms);
  EXPECT_FALSE(question.answered());
  pass(200ms);
  ASSERT_TRUE(until([&] { return question.answered(); }));
  EXPECT_FALSE(question->busy);
}

TEST_F(prober_test, a_name_without_an_address_is_said_and_not_asked) {
  control->state.addresses.clear();
  const auto result = probe();
  EXPECT_EQ(result.backend, "chat");
  EXPECT_EQ(result.error, "the host name does not resolve");
  EXPECT_FALSE(result.disconnected);
  EXPECT_TRUE(backend.heads.empty());
}

TEST_F(prober_test, waits_for_a_name_that_is_being_resolved) {
  const auto there = std::exchange(control->state.addresses, {});
  control->state.resolved = false;
  backend.answers["/health"] = http_answer(200);
  auto first = begin();
  auto second = begin();
  pass(100ms);
  EXPECT_FALSE(first.answered());
  control->state.addresses = there;
  control->state.resolved = true;
  pass(20ms);
  ASSERT_TRUE(until([&] { return first.answered() && second.answered(); }));
  EXPECT_EQ(first->code, 200);
  EXPECT_EQ(second->code, 200);
}

TEST_F(prober_test, waits_for_a_name_no_longer_than_for_an_answer) {
  settings.health.timeout = 1s;
  control->state.addresses.clear();
  control->state.resolved = false;
  auto question = begin();
  for (int i = 0; i < 49; ++i)
    pass(20ms);
  EXPECT_FALSE(question.answered());
  pass(20ms);
  pass(20ms);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->error, "the host name does not resolve");
}

TEST_F(prober_test, says_so_when_the_backends_actor_has_ended) {
  actors.end(control_actor);
  auto question = begin();
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->error, "the backend's actor did not answer");
}

TEST_F(prober_test, looks_for_another_usual_path_where_the_first_is_not_there) {
  settings.health.detect = true;
  backend.answers["/health"] = http_answer(404);
  backend.answers["/v1/models"] = http_answer(401);
  backend.answers["/api/version"] = http_answer(200);
  auto result = probe();
  EXPECT_EQ(result.code, 200);
  EXPECT_EQ(result.path, "/api/version");
  EXPECT_EQ(backend.paths(), (path_list{"/health", "/v1/models", "/api/version"}));
  backend.heads.clear();
  result = probe();
  EXPECT_EQ(result.path, "/api/version");
  EXPECT_EQ(backend.paths(), path_list{"/api/version"}) << "from now on it is asked alone";
}

TEST_F(prober_test, a_path_that_was_found_and_goes_is_looked_for_anew) {
  settings.health.detect = true;
  backend.answers["/health"] = http_answer(404);
  backend.answers["/v1/models"] = http_answer(200);
  EXPECT_EQ(probe().path, "/v1/models");
  backend.answers["/health"] = http_answer(200);
  backend.answers["/v1/models"] = http_answer(404);
  backend.heads.clear();
  const auto result = probe();
  EXPECT_EQ(result.code, 200);
  EXPECT_EQ(result.path, "");
  EXPECT_EQ(backend.paths(), (path_list{"/v1/models", "/health"}));
}

TEST_F(prober_test, what_is_nowhere_is_said_with_the_status_of_the_usual_path) {
  settings.health.detect = true;
  for (const auto* path : {"/health", "/v1/models", "/api/version", "/"})
    backend.answers[path] = http_answer(404);
  const auto result = probe();
  EXPECT_EQ(result.code, 404);
  EXPECT_EQ(result.path, "");
  EXPECT_EQ(backend.paths(), (path_list{"/health", "/v1/models", "/api/version", "/"}));
}

TEST_F(prober_test, a_path_that_somebody_chose_is_the_only_one) {
  settings.health.path = "/mine";
  backend.answers["/mine"] = http_answer(404);
  EXPECT_EQ(probe().code, 404);
  EXPECT_EQ(backend.paths(), path_list{"/mine"});
}

TEST_F(prober_test, asks_what_the_backends_type_has_for_that) {
  settings.health.detect = true;
  settings.type = config::backend_type::ollama;
  backend.answers["/api/version"] = http_answer(200, R"({"version":"0.12.3"})");
  const auto result = probe();
  EXPECT_EQ(result.code, 200);
  EXPECT_EQ(result.path, "/api/version");
  EXPECT_EQ(backend.paths(), path_list{"/api/version"});
}

TEST_F(prober_test, does_not_ask_an_sglang_to_generate) {
  settings.health.detect = true;
  settings.type = config::backend_type::sglang;
  for (const auto* path : {"/get_model_info", "/model_info", "/v1/models"})
    backend.answers[path] = http_answer(404);
  EXPECT_EQ(probe().code, 404);
  EXPECT_EQ(backend.paths(), (path_list{"/get_model_info", "/model_info", "/v1/models"}));
}

TEST_F(prober_test, a_good_status_does_not_hide_what_the_answer_says) {
  settings.health.detect = true;
  settings.type = config::backend_type::chatterbox;
  backend.answers["/api/model-info"] = http_answer(200, R"({"loaded":false})");
  auto result = probe();
  EXPECT_EQ(result.code, 200);
  EXPECT_NE(result.error, "");
  EXPECT_FALSE(result.is_well());
  EXPECT_FALSE(result.disconnected);
  backend.answers["/api/model-info"] = http_answer(200, R"({"loaded":true})");
  EXPECT_TRUE(probe().is_well());
}

TEST_F(prober_test, only_connects_to_what_somebody_is_paid_for) {
  settings.health.detect = true;
  settings.type = config::backend_type::openai;
  const auto result = probe();
  EXPECT_TRUE(result.unasked);
  EXPECT_TRUE(result.is_well()) << result.error;
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.path, "");
  EXPECT_TRUE(until([&] { return backend.connections == 1 && backend.open() == 0; }));
  EXPECT_TRUE(backend.heads.empty());
}

TEST_F(prober_test, says_that_it_cannot_connect_to_what_somebody_is_paid_for) {
  settings.health.detect = true;
  settings.type = config::backend_type::anthropic;
  backend.refuse();
  const auto result = probe();
  EXPECT_FALSE(result.is_well());
  EXPECT_TRUE(result.disconnected);
  EXPECT_NE(result.error, "");
}

TEST_F(prober_test, asks_what_somebody_is_paid_for_where_its_file_says_so) {
  settings.type = config::backend_type::azure;
  settings.health.path = "/status";
  key = "secret";
  backend.answers["/status"] = http_answer(200);
  const auto result = probe();
  EXPECT_FALSE(result.unasked);
  EXPECT_TRUE(result.is_well());
  ASSERT_EQ(backend.heads.size(), 1u);
  EXPECT_NE(backend.heads[0].find("api-key: secret\r\n"), std::string::npos);
}

TEST_F(prober_test, gives_its_connection_up_when_it_ends_in_the_middle_of_a_probe) {
  const auto question = begin();
  ASSERT_TRUE(until([&] { return backend.heads.size() == 1; }));
  EXPECT_EQ(backend.open(), 1u);
  actors.end(std::exchange(probing, nullptr));
  EXPECT_TRUE(until([&] { return backend.open() == 0; }));
  EXPECT_FALSE(question.answered()) << "who has asked sees its end";
}

} // namespace
} // namespace synapse::actors
