// A scout over loopback sockets, on the test's own thread and in its own time.
#include "actors/discovery/model_scout.hpp"
#include "actors/protocol/gateway_snapshot.hpp"
#include "http/net/virtual_clock.hpp"
#include "routing/catalog.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/played_backend.hpp"
#include "tests/support/deterministic_actor_system.hpp"
#include "tests/support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;
using config::backend_type;
using config::capability;
using routing::load_state;

struct scouting : testing::Test {
  scouting() { net::virtual_clock::stand_for(&actors.unit().thread()); }

  void SetUp() override {
    backend.otherwise = http_answer(404, "{}");
    settings = std::make_shared<config::settings>();
    auto& own = settings->backends["own"];
    own = backend_named("own");
    own.health.detect = true;
    own.health.timeout = 1s;
    control->state.addresses = {backend.address()};
    control_actor = spawn_fake(actors.system(), control);
  }
  void TearDown() override {
    if (scout)
      actors.end(scout);
    actors.end(control_actor);
    actors.settle();
  }

  config::backend_settings& own() { return settings->backends["own"]; }
  void add(const std::string& name, const std::string& model) {
    config::catalog_model entry;
    entry.name = name;
    config::deployment_settings one;
    one.backend = "own";
    one.model = model;
    one.id = "own/" + model;
    entry.deployments.push_back(one);
    settings->catalog.push_back(std::move(entry));
  }

  void start() {
    model_scout_parts parts;
    parts.control = control_actor;
    parts.backend = own();
    parts.key = key;
    parts.names = names;
    parts.report = [this](const std::string& text) { reports.push_back(text); };
    scout = spawn_pinned<model_scout>(actors.unit(), std::move(parts));
    brief();
    settle();
  }
  void brief() {
    auto snapshot = std::make_shared<gateway_snapshot>();
    snapshot->settings = settings;
    snapshot->routes = std::make_shared<const routing::catalog>(*settings);
    snapshot->records = routing::make_records(snapshot->routes->names(), 1, nullptr, nullptr);
    routes = snapshot->routes;
    records = snapshot->records;
    caf::anon_send(scout, snapshot_ptr{std::move(snapshot)});
  }
  routing::deployment_record& record(const std::string& id) {
    return *(*records)[routes->names().find_deployment(id)->place];
  }

  /// Lets sockets and actors do what they can: as much as a round of questions needs.
  void settle(int rounds = 40) {
    for (int i = 0; i < rounds; ++i) {
      backend.pump();
      actors.settle();
    }
  }
  /// Lets them until it holds.
  bool until(const std::function<bool()>& holds) {
    return support::wait_until([&] {
      settle(1);
      return holds();
    });
  }
  /// Moves the time of sockets and actors on together.
  void pass(std::chrono::nanoseconds time) {
    clock.advance(time.count());
    actors.advance(time, time);
    settle();
  }

  net::virtual_clock clock{1'000'000'000'000};
  test::deterministic_actor_system actors{1};
  played_backend backend{actors.unit().thread()};
  std::shared_ptr<fake_backend> control = std::make_shared<fake_backend>();
  backend_actor control_actor;
  std::shared_ptr<config::settings> settings;
  std::shared_ptr<providers::discovered_names> names =
      std::make_shared<providers::discovered_names>();
  std::shared_ptr<const routing::catalog> routes;
  std::shared_ptr<const routing::catalog_records> records;
  std::vector<std::string> reports;
  std::string key;
  model_scout_actor scout;
};

constexpr auto tags = R"({"models":[{"model":"qwen3:8b","digest":"1"},
  {"model":"gemma3:latest","digest":"2"}]})";
constexpr auto shown = R"({"model_info":{"general.architecture":"q","q.context_length":40960},
  "capabilities":["completion","tools"]})";
constexpr auto running = R"({"models":[{"model":"qwen3:8b","size":10,"size_vram":4,
  "context_length":8192}]})";

struct scouting_ollama : scouting {
  void SetUp() override {
    scouting::SetUp();
    own().type = backend_type::ollama;
    add("qwen", "qwen3:8b");
    add("gemma", "gemma3");
    add("all/*", "*");
    backend.answers["/api/tags"] = http_answer(200, tags);
    backend.answers["/api/show"] = http_answer(200, shown);
    backend.answers["/api/ps"] = http_answer(200, running);
    backend.answers["/api/version"] = http_answer(200, R"({"version":"0.12.3"})");
  }
};

TEST_F(scouting_ollama, finds_out_what_models_can_do_and_which_are_loaded) {
  start();
  ASSERT_TRUE(until([&] { return record("own/qwen3:8b").meter.load() == load_state::loaded; }));
  EXPECT_EQ(record("own/qwen3:8b").context(), 8192u) << "that it runs with";
  EXPECT_EQ(record("own/gemma3").context(), 40960u);
  EXPECT_TRUE(record("own/gemma3").capabilities().has(capability::tools));
  EXPECT_TRUE(record("own/gemma3").capabilities().lacks(capability::vision));
  EXPECT_EQ(record("own/gemma3").meter.load(), load_state::cold_evicts);
  EXPECT_EQ(record("own/*").meter.load(), load_state::unknown);
  const auto list = names->list();
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].name, "qwen3:8b");
  EXPECT_EQ((*list)[0].context, 40960u);
}

TEST_F(scouting_ollama, says_once_that_a_model_runs_on_the_processor_too) {
  start();
  for (int i = 0; i < 20; ++i)
    pass(2s);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_NE(reports[0].find("qwen3:8b"), std::string::npos);
}

TEST_F(scouting_ollama, asks_more_of_a_model_only_when_it_has_changed) {
  start();
  for (int i = 0; i < 30; ++i)
    pass(2s);
  EXPECT_EQ(backend.asked("/api/show"), 2u);
  EXPECT_GE(backend.asked("/api/tags"), 4u);
  std::set<std::string> asked;
  for (const auto& body : backend.bodies)
    if (!body.empty())
      asked.insert(body);
  EXPECT_EQ(asked,
            (std::set<std::string>{R"({"model":"gemma3:latest"})", R"({"model":"qwen3:8b"})"}));
  backend.answers["/api/tags"] = http_answer(
      200, R"({"models":[{"model":"qwen3:8b","digest":"7"},{"model":"gemma3","digest":"2"}]})");
  backend.answers["/api/show"] = http_answer(200, R"({"capabilities":["completion","vision"]})");
  for (int i = 0; i < 10; ++i)
    pass(2s);
  EXPECT_EQ(backend.asked("/api/show"), 3u);
  EXPECT_TRUE(record("own/qwen3:8b").capabilities().has(capability::vision));
  EXPECT_TRUE(record("own/gemma3").capabilities().lacks(capability::vision));
}

TEST_F(scouting_ollama, keeps_what_it_knows_when_answers_go_bad) {
  start();
  ASSERT_TRUE(until([&] { return record("own/qwen3:8b").meter.load() == load_state::loaded; }));
  const auto before = record("own/gemma3").capabilities();
  for (const auto& bad : {http_answer(500, "oops"), http_answer(200, "<html>"),
                          http_answer(200, "{}"), http_answer(404, "{}")}) {
    for (const auto* path : {"/api/tags", "/api/ps", "/api/show"})
      backend.answers[path] = bad;
    for (int i = 0; i < 40; ++i)
      pass(2s);
    EXPECT_EQ(record("own/qwen3:8b").meter.load(), load_state::loaded);
    EXPECT_EQ(record("own/gemma3").context(), 40960u);
    EXPECT_EQ(record("own/gemma3").capabilities(), before);
    EXPECT_EQ(names->list()->size(), 2u);
  }
  EXPECT_GE(reports.size(), 2u) << "and says why";
}

TEST_F(scouting_ollama, concludes_nothing_from_a_first_answer_that_is_bad) {
  backend.answers["/api/tags"] = http_answer(200, R"({"models":{}})");
  start();
  for (int i = 0; i < 10; ++i)
    pass(2s);
  EXPECT_EQ(record("own/gemma3").capabilities(), config::capability_set{});
  EXPECT_EQ(record("own/gemma3").meter.load(), load_state::unknown);
  EXPECT_FALSE(names->known());
}

TEST_F(scouting_ollama, follows_a_list_that_changes) {
  start();
  ASSERT_TRUE(until([&] { return names->list()->size() == 2; }));
  backend.answers["/api/tags"] = http_answer(200, R"({"models":[]})");
  for (int i = 0; i < 9; ++i)
    pass(2s);
  EXPECT_TRUE(names->list()->empty());
  EXPECT_EQ(record("own/gemma3").context(), 40960u) << "that it is not listed says no more";
}

TEST_F(scouting_ollama, tells_new_records_what_it_knows) {
  start();
  ASSERT_TRUE(until([&] { return record("own/gemma3").context() == 40960; }));
  backend.refuse();
  brief();
  settle();
  EXPECT_EQ(record("own/gemma3").context(), 40960u);
}

TEST_F(scouting_ollama, survives_thousands_of_models) {
  std::string list = R"({"models":[)";
  for (int i = 0; i < 5000; ++i)
    list += R"({"model":"m)" + std::to_string(i) + R"(","digest":"1"},)";
  backend.answers["/api/tags"] = http_answer(200, list + R"({"model":"gemma3"}]})");
  start();
  ASSERT_TRUE(until([&] { return names->known(); }));
  EXPECT_EQ(names->list()->size(), providers::max_models);
}

// ---- how often, and what never ----

TEST_F(scouting_ollama, asks_every_fifteen_seconds_and_every_two_under_traffic) {
  start();
  for (int i = 0; i < 30; ++i)
    pass(2s);
  const auto idle = backend.asked("/api/ps");
  EXPECT_GE(idle, 4u);
  EXPECT_LE(idle, 6u);
  record("own/gemma3").meter.begin(0, true);
  for (int i = 0; i < 30; ++i)
    pass(2s);
  EXPECT_GE(backend.asked("/api/ps"), idle + 28);
}

/// What an hour of questions consists of.
std::set<std::string> hour_of(scouting& bed) {
  bed.start();
  for (int i = 0; i < 1800; ++i) {
    if (i % 7 == 0)
      bed.record(bed.settings->catalog[0].deployments[0].id).meter.begin(0, true);
    bed.clock.advance(2'000'000'000);
    bed.actors.advance(2s, 2s);
    bed.settle(8);
  }
  std::set<std::string> asked;
  for (const auto& head : bed.backend.heads)
    asked.insert(head.substr(0, head.find(" HTTP/")));
  return asked;
}

TEST_F(scouting_ollama, asks_nothing_that_costs_in_an_hour) {
  EXPECT_EQ(hour_of(*this),
            (std::set<std::string>{"GET /api/ps", "GET /api/tags", "POST /api/show"}));
}

TEST_F(scouting, asks_no_engine_anything_that_costs_in_an_hour) {
  own().type = backend_type::sglang;
  add("m", "m");
  backend.answers["/v1/models"] = http_answer(200, R"({"data":[{"id":"m"}]})");
  EXPECT_EQ(hour_of(*this), (std::set<std::string>{"GET /metrics", "GET /v1/models"}));
}

TEST_F(scouting, asks_who_is_paid_only_for_its_models_and_once_an_hour) {
  own().type = backend_type::anthropic;
  own().health.detect = false;
  own().health.path = "/v1/messages";
  key = "secret";
  add("claude", "claude");
  control->state.state = circuit::open;
  backend.answers["/v1/models?limit=1000"] =
      http_answer(200, R"({"data":[{"type":"model","id":"claude","max_input_tokens":200000}]})");
  EXPECT_EQ(hour_of(*this), std::set<std::string>{"GET /v1/models?limit=1000"});
  EXPECT_LE(backend.heads.size(), 2u);
  EXPECT_NE(backend.heads[0].find("x-api-key: secret\r\n"), std::string::npos);
  EXPECT_NE(backend.heads[0].find("anthropic-version: "), std::string::npos);
  EXPECT_EQ(record("own/claude").context(), 200000u);
}

TEST_F(scouting, asks_an_azure_nothing) {
  own().type = backend_type::azure;
  add("m", "m");
  EXPECT_TRUE(hour_of(*this).empty());
  EXPECT_EQ(backend.connections, 0u);
}

// ---- engines ----

TEST_F(scouting, hears_of_a_vllms_queue_and_sleep) {
  own().type = backend_type::vllm;
  add("m", "Qwen/Qwen3-8B");
  backend.answers["/v1/models"] =
      http_answer(200, R"({"data":[{"id":"Qwen/Qwen3-8B","max_model_len":40960}]})");
  backend.answers["/is_sleeping"] = http_answer(200, R"({"is_sleeping":true})");
  backend.answers["/metrics"] = http_answer(200, "vllm:num_requests_waiting{engine=\"0\"} 9.0\n");
  start();
  auto& one = record("own/Qwen/Qwen3-8B");
  ASSERT_TRUE(until([&] { return one.queue() == 9; }));
  EXPECT_EQ(one.context(), 40960u);
  EXPECT_EQ(one.meter.load(), load_state::cold_fits);
  backend.answers["/is_sleeping"] = http_answer(200, R"({"is_sleeping":false})");
  backend.answers["/metrics"] = http_answer(200, "vllm:num_requests_waiting{engine=\"0\"} 0.0\n");
  for (int i = 0; i < 8; ++i)
    pass(2s);
  EXPECT_EQ(one.queue(), 0u);
  EXPECT_EQ(one.meter.load(), load_state::loaded);
}

TEST_F(scouting, remembers_which_of_several_lists_is_there) {
  own().type = backend_type::llama_router;
  own().url.base_path = "/base";
  add("m", "m");
  backend.answers["/base/v1/models"] =
      http_answer(200, R"({"data":[{"id":"m","status":{"value":"loading"}}]})");
  start();
  ASSERT_TRUE(until([&] { return record("own/m").meter.load() == load_state::loading; }));
  for (int i = 0; i < 16; ++i)
    pass(2s);
  EXPECT_EQ(backend.asked("/base/models"), 1u);
  EXPECT_GE(backend.asked("/base/v1/models"), 3u);
}

TEST_F(scouting, leaves_a_backend_alone_that_works_at_all_it_takes) {
  own().type = backend_type::piper;
  own().concurrency.max_requests = 1;
  add("m", "voice");
  control->state.leased = 1;
  start();
  for (int i = 0; i < 20; ++i)
    pass(2s);
  EXPECT_TRUE(backend.heads.empty());
  control->state.leased = 0;
  pass(2s);
  EXPECT_EQ(backend.asked("/voices"), 1u);
}

TEST_F(scouting, asks_nothing_without_deployments) {
  own().type = backend_type::vllm;
  start();
  pass(2s);
  EXPECT_TRUE(backend.heads.empty());
  add("m", "m");
  brief();
  pass(2s);
  EXPECT_FALSE(backend.heads.empty());
}

// ---- away and back ----

TEST_F(scouting_ollama, tells_that_a_backend_answers_again_within_two_seconds) {
  start();
  ASSERT_TRUE(until([&] { return names->known(); }));
  backend.refuse();
  for (int i = 0; i < 10; ++i)
    pass(2s);
  EXPECT_EQ(control->comebacks, 0);
  control->state.state = circuit::open;
  record("own/gemma3").lacks(capability::embeddings, 1);
  backend.come_back();
  pass(2s);
  EXPECT_EQ(backend.asked("/api/version"), 1u);
  EXPECT_TRUE(until([&] { return control->comebacks == 1; }));
  EXPECT_EQ(record("own/gemma3").lacking(1), 0U) << "it may be another one now";
  control->state.state = circuit::closed;
  const auto before = backend.asked("/api/tags");
  pass(2s);
  EXPECT_GE(backend.asked("/api/tags") + backend.asked("/api/ps"), before);
  for (int i = 0; i < 10; ++i)
    pass(2s);
  EXPECT_EQ(control->comebacks, 1) << "once";
  EXPECT_EQ(backend.asked("/api/version"), 1u) << "the rest is the prober's";
}

TEST_F(scouting_ollama, does_not_open_again_what_requests_have_shut) {
  control->state.state = circuit::open;
  start();
  for (int i = 0; i < 10; ++i)
    pass(2s);
  EXPECT_GE(backend.asked("/api/version"), 9u) << "it looks";
  EXPECT_EQ(control->comebacks, 0) << "but its own questions never failed";
}

TEST_F(scouting_ollama, an_answer_that_is_not_well_is_no_comeback) {
  backend.refuse();
  start();
  for (int i = 0; i < 3; ++i)
    pass(2s);
  backend.answers["/api/version"] = http_answer(503, "");
  backend.come_back();
  for (int i = 0; i < 3; ++i)
    pass(2s);
  EXPECT_EQ(control->comebacks, 0);
  EXPECT_EQ(backend.asked("/api/tags"), 0u);
  backend.answers["/api/version"] = http_answer(200, "{}");
  pass(2s);
  EXPECT_TRUE(until([&] { return control->comebacks == 1; }));
}

TEST_F(scouting_ollama, a_health_path_that_is_not_there_does_not_keep_it_from_asking) {
  own().health.detect = false;
  own().health.path = "/mine";
  backend.refuse();
  start();
  pass(2s);
  backend.come_back();
  for (int i = 0; i < 3; ++i)
    pass(2s);
  EXPECT_EQ(backend.asked("/mine"), 1u);
  EXPECT_TRUE(names->known());
  EXPECT_EQ(control->comebacks, 0) << "that says nothing for it";
}

TEST_F(scouting_ollama, silence_is_a_failure_after_the_timeout) {
  backend.answers["/api/tags"] = "";
  start();
  ASSERT_TRUE(until([&] { return backend.asked("/api/tags") == 1; }));
  pass(2s);
  pass(2s);
  EXPECT_EQ(backend.asked("/api/version"), 1u) << "now it looks for life";
  EXPECT_TRUE(until([&] { return control->comebacks == 1; }));
}

TEST_F(scouting_ollama, gives_its_connection_up_when_it_ends_in_the_middle_of_a_question) {
  backend.answers["/api/tags"] = "";
  start();
  ASSERT_TRUE(until([&] { return backend.asked("/api/tags") == 1; }));
  EXPECT_EQ(backend.open(), 1u);
  actors.end(std::exchange(scout, nullptr));
  EXPECT_TRUE(until([&] { return backend.open() == 0; }));
}

} // namespace
} // namespace synapse::actors
