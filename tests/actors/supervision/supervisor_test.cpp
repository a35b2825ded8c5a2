#include "actors/backends/backend_place.hpp"
#include "actors/backends/lane.hpp"
#include "actors/protocol/error.hpp"
#include "actors/supervision/supervisor.hpp"
#include "http/sites/thread_routes.hpp"
#include "routing/catalog.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;

/// A voice library without voices.
voice_library_actor spawn_nobody(caf::actor_system& system) {
  return system.spawn([]() -> voice_library_actor::behavior_type {
    return {[](list_atom) { return std::vector<voice_info>{}; },
            [](find_atom, const std::string&) { return voice_location{}; },
            [](const locate_voice&) { return voice_location{}; },
            [](const reference_copy&) {},
            [](upload_atom) { return voice_upload{}; },
            [](const create_voice&) { return voice_info{}; },
            [](const add_references&) { return voice_info{}; },
            [](remove_atom, const std::string&) { return true; },
            [](discard_atom, const std::string&) {}};
  });
}

/// Model profiles without profiles. @param listeners how many have asked to be told
model_profiles_actor spawn_no_profiles(caf::actor_system& system, std::shared_ptr<int> listeners) {
  return system.spawn([listeners]() -> model_profiles_actor::behavior_type {
    return {[](list_atom) { return std::make_shared<const profile_map>(); },
            [](const put_profile&) { return std::make_shared<const profile_map>(); },
            [listeners](listen_atom, const profile_listener&) { ++*listeners; }, [](tick_atom) {}};
  });
}

/// Outside of a cluster.
runtime_controller_actor spawn_no_runtime(caf::actor_system& system) {
  return system.spawn([]() -> runtime_controller_actor::behavior_type {
    return {[](const apply_runtime&) -> caf::result<runtime_applied> {
              return caf::make_error(ec::not_in_cluster);
            },
            [](check_atom) -> caf::result<bool> { return caf::make_error(ec::not_in_cluster); }};
  });
}

/// A supervisor over two I/O threads, with switchboards that keep the last snapshot.
struct supervised : testing::Test {
  supervised() {
    supervisor_parts parts;
    parts.units = actors.units();
    parts.make_switchboard = [this](io_unit& unit) -> switchboard_actor {
      const auto index = unit.thread().index();
      switchboards[index] = spawn_pinned<client::switchboard>(
          unit, [this, index](snapshot_ptr snapshot) { installed[index] = std::move(snapshot); });
      return switchboards[index];
    };
    parts.make_resolver = [this] {
      ++resolvers_made;
      resolver = spawn_fake(actors.system(), resolver_script);
      return resolver;
    };
    parts.make_voice_library = [this] {
      ++libraries_made;
      library = spawn_nobody(actors.system());
      return library;
    };
    parts.make_model_profiles = [this] {
      profiles = spawn_no_profiles(actors.system(), profile_listeners);
      return profiles;
    };
    parts.make_runtime_controller = [this](const resolver_actor& given) {
      EXPECT_EQ(given, resolver);
      ++runtimes_made;
      runtime = spawn_no_runtime(actors.system());
      return runtime;
    };
    parts.events_of = [](const std::string&) { return backend_events{}; };
    parts.make_tls = [this](const config::backend_settings&, std::string& problem) {
      problem = tls_problem;
      return problem.empty() ? next_tls : made_despite_problem;
    };
    parts.read_bearer = [this](const config::backend_settings&, std::string& problem) {
      problem = bearer_problem;
      return problem.empty() ? next_bearer : std::string{};
    };
    parts.report = [this](const std::string& text) { reports.push_back(text); };
    subject = spawn_supervisor(actors.system(), std::move(parts));
    actors.settle();
  }

  void TearDown() override {
    stop();
    resolver_script->held.clear();
  }

  /// Orderly end of everything; fails when something is left.
  void stop() {
    if (!subject)
      return;
    const auto ended = actors.watch(subject);
    installed = {};
    switchboards = {};
    resolver = nullptr;
    library = nullptr;
    profiles = nullptr;
    runtime = nullptr;
    actors.end(subject);
    actors.advance(3s, 100ms);
    EXPECT_TRUE(*ended);
    EXPECT_EQ(actors.system().registry().running(), 0U);
    subject = nullptr;
  }

  settings_ptr settings(const std::vector<std::string>& names) {
    auto result = std::make_shared<config::settings>();
    for (const auto& name : names)
      result->backends[name] = backend_named(name);
    return result;
  }
  /// The same, with the models of one backend managed.
  settings_ptr managing(const std::string& router, const std::vector<std::string>& names) {
    auto result = std::make_shared<config::settings>(*settings(names));
    result->backends.at(router).manage_models = true;
    return result;
  }
  bool apply(const settings_ptr& fresh) {
    const auto applied = actors.ask<bool>(subject, fresh);
    return applied && *applied;
  }
  bool apply(const std::vector<std::string>& names) { return apply(settings(names)); }

  const backend_entry& entry(std::size_t index = 0) { return installed[0]->backends.at(index); }
  std::uint64_t generation() { return installed[0]->generation; }
  template <class Handle>
  void kill(const Handle& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    actors.settle();
  }
  bool reported(const std::string& text) {
    return std::any_of(reports.begin(), reports.end(),
                       [&](const auto& line) { return line.find(text) != std::string::npos; });
  }
  bool works() {
    const auto states = actors.ask<std::vector<backend_snapshot>>(subject, snap_atom::value);
    const auto answer = actors.ask<permit>(entry().lanes.at(1), permit_request(++number, 0));
    caf::anon_send(entry().lanes.at(1), permit_abandoned(number));
    actors.settle();
    return states && states->size() == installed[0]->backends.size() && answer && answer->granted;
  }

  test::deterministic_actor_system actors{2};
  std::array<snapshot_ptr, 2> installed;
  std::array<switchboard_actor, 2> switchboards;
  std::shared_ptr<fake_resolver> resolver_script = std::make_shared<fake_resolver>();
  resolver_actor resolver;
  int resolvers_made = 0;
  voice_library_actor library;
  int libraries_made = 0;
  model_profiles_actor profiles;
  std::shared_ptr<int> profile_listeners = std::make_shared<int>(0);
  runtime_controller_actor runtime;
  int runtimes_made = 0;
  std::string tls_problem;
  std::string bearer_problem;
  std::string next_bearer;
  std::shared_ptr<net::asio::ssl::context> next_tls;
  std::shared_ptr<net::asio::ssl::context> made_despite_problem;
  std::vector<std::string> reports;
  std::uint64_t number = 0;
  supervisor_actor subject;
};

// ---- graphics cards ----

/// Two backends on one card.
settings_ptr with_card(const std::shared_ptr<const config::settings>& base) {
  auto result = std::make_shared<config::settings>(*base);
  result->gpus["gpu0"].vram = std::size_t{32} << 30;
  for (const auto* name : {"a", "b"}) {
    result->backends.at(name).gpu = "gpu0";
    result->backends.at(name).type = config::backend_type::ollama; // asks nobody anything
  }
  return result;
}

TEST_F(supervised, gives_backends_of_one_card_the_same_desks_and_others_none) {
  ASSERT_TRUE(apply(with_card(settings({"a", "b", "c"}))));
  ASSERT_EQ(entry(0).gpu_desks.size(), 2U);
  EXPECT_EQ(entry(0).gpu_desks, entry(1).gpu_desks);
  EXPECT_EQ(entry(0).gpu, entry(1).gpu);
  EXPECT_TRUE(entry(2).gpu_desks.empty());
  EXPECT_EQ(entry(2).gpu, nullptr);
}

TEST_F(supervised, keeps_a_cards_actors_over_a_reload_and_ends_them_with_the_card) {
  ASSERT_TRUE(apply(with_card(settings({"a", "b"}))));
  const auto before = entry(0).gpu;
  const auto ended = actors.watch(before);
  ASSERT_TRUE(apply(with_card(settings({"a", "b"}))));
  EXPECT_EQ(entry(0).gpu, before);
  EXPECT_FALSE(*ended);
  ASSERT_TRUE(apply({"a", "b"}));
  EXPECT_EQ(entry(0).gpu, nullptr);
  EXPECT_TRUE(entry(0).gpu_desks.empty());
  EXPECT_TRUE(*ended);
}

TEST_F(supervised, starts_a_cards_actors_again_when_its_coordinator_has_ended) {
  ASSERT_TRUE(apply(with_card(settings({"a", "b"}))));
  const auto before = entry(0).gpu;
  kill(before);
  actors.advance(5s, 100ms);
  ASSERT_NE(entry(0).gpu, nullptr);
  EXPECT_NE(entry(0).gpu, before);
  EXPECT_TRUE(reported("card gpu0"));
  EXPECT_EQ(entry(0).gpu_desks.size(), 2U);
}

// ---- what other replicas say ----

/// Says that a replica's circuit to backend `a` is open, and waits until the gateway has looked
/// whether `address` answers. @returns the state of its own circuit then
circuit after_a_note(supervised& bed, const backend_address& address, const char* of = "a") {
  bed.resolver_script->addresses = {address};
  EXPECT_TRUE(bed.apply({"a"}));
  peer_note note;
  note.instance = "other";
  note.note.backend = of;
  note.note.state = circuit::open;
  caf::anon_send(bed.subject, note);
  const auto state = [&] {
    const auto states =
        bed.actors.ask<std::vector<backend_snapshot>>(bed.subject, snap_atom::value);
    return states && states->size() == 1 ? states->front().state : circuit::half_open;
  };
  const auto end = std::chrono::steady_clock::now() + 300ms;
  while (state() != circuit::open && std::chrono::steady_clock::now() < end)
    bed.actors.settle();
  return state();
}

TEST_F(supervised, opens_a_circuit_that_another_replica_opened_when_it_cannot_connect_either) {
  net::asio::io_context context;
  net::tcp::acceptor free{context, {net::asio::ip::address_v4::loopback(), 0}};
  backend_address nobody;
  nobody.ip = {127, 0, 0, 1};
  nobody.port = free.local_endpoint().port();
  free.close();
  EXPECT_EQ(after_a_note(*this, nobody), circuit::open);
}

TEST_F(supervised, leaves_a_circuit_closed_that_another_replica_opened_when_it_can_connect) {
  net::asio::io_context context;
  const net::tcp::acceptor listening{context, {net::asio::ip::address_v4::loopback(), 0}};
  backend_address somebody;
  somebody.ip = {127, 0, 0, 1};
  somebody.port = listening.local_endpoint().port();
  EXPECT_EQ(after_a_note(*this, somebody), circuit::closed);
  EXPECT_EQ(after_a_note(*this, somebody, "no such backend"), circuit::closed);
}

TEST_F(supervised, passes_on_what_is_said_of_deployments_that_it_has) {
  auto named = std::make_shared<config::settings>(*settings({"a", "b"}));
  auto& name = named->catalog.emplace_back();
  name.name = "m";
  name.deployments.emplace_back().backend = "a";
  name.deployments.back().model = "llama";
  name.deployments.back().id = "a/llama";
  ASSERT_TRUE(apply(named));
  const auto cell =
      installed[0]->routes->names().deployments()[0].cell_of(config::capability::chat);
  peer_cell word;
  word.instance = "gw-b";
  word.note.backend = "a";
  word.note.place = place_of(named->backends.at("a").url);
  word.note.cell = cell;
  word.note.state = circuit::open;
  word.note.found = actors.now();
  word.note.until = actors.now() + 5'000'000'000;
  const auto tell = [&] {
    caf::anon_send(subject, word);
    actors.settle();
  };
  const auto cells = [&](std::size_t backend) {
    return lane::behind(entry(backend).lanes[0]).view().cells;
  };
  word.note.backend = "nobody";
  tell();
  word.note.backend = "a";
  word.note.cell = cell + 2;
  tell();
  EXPECT_TRUE(cells(0).empty()) << "of none that is configured here";
  word.note.cell = cell;
  tell();
  ASSERT_EQ(cells(0).size(), 1U);
  EXPECT_EQ(cells(0)[0].cell, cell);
  EXPECT_EQ(cells(0)[0].found_by, "gw-b");
  EXPECT_TRUE(cells(1).empty());
}

// ---- configuration ----

TEST_F(supervised, hands_a_configuration_to_all_threads) {
  const auto given = settings({"b", "a"});
  ASSERT_TRUE(apply(given));
  EXPECT_EQ(installed[0], installed[1]);
  ASSERT_TRUE(installed[0]);
  EXPECT_EQ(installed[0]->settings, given);
  ASSERT_EQ(installed[0]->backends.size(), 2U);
  EXPECT_EQ(entry(0).settings->name, "a");
  EXPECT_EQ(entry(1).settings->name, "b");
  EXPECT_EQ(entry(0).lanes.size(), 2U);
  EXPECT_TRUE(works());
  EXPECT_TRUE(reports.empty());
}

TEST_F(supervised, has_backends_that_a_catalog_names_asked_what_models_they_have) {
  net::asio::io_context context;
  net::tcp::acceptor listening{context, {net::asio::ip::address_v4::loopback(), 0}};
  listening.non_blocking(true);
  backend_address somebody;
  somebody.ip = {127, 0, 0, 1};
  somebody.port = listening.local_endpoint().port();
  resolver_script->addresses = {somebody};
  const auto is_asked = [&] {
    const auto end = std::chrono::steady_clock::now() + 300ms;
    while (std::chrono::steady_clock::now() < end) {
      actors.advance(2s, 1s);
      net::error_code none;
      if (const auto accepted = listening.accept(none); !none)
        return true;
    }
    return false;
  };
  ASSERT_TRUE(apply({"a"}));
  EXPECT_FALSE(is_asked()) << "nobody wants to know";
  EXPECT_TRUE(entry().discovered);
  auto named = std::make_shared<config::settings>(*settings({"a"}));
  named->catalog.emplace_back().name = "m";
  named->catalog[0].deployments.emplace_back().backend = "a";
  named->catalog[0].deployments[0].model = "m";
  named->catalog[0].deployments[0].id = "a/m";
  const auto before = entry().discovered;
  ASSERT_TRUE(apply(named));
  EXPECT_TRUE(is_asked());
  EXPECT_EQ(entry().discovered, before) << "what is known stays";
  ASSERT_TRUE(apply({"a"}));
  static_cast<void>(is_asked()); // what was under way
  EXPECT_FALSE(is_asked());
}

TEST_F(supervised, answers_snapshots_without_backends) {
  const auto states = actors.ask<std::vector<backend_snapshot>>(subject, snap_atom::value);
  ASSERT_TRUE(states);
  EXPECT_TRUE(states->empty());
}

TEST_F(supervised, keeps_the_actors_of_backends_that_stay) {
  ASSERT_TRUE(apply({"a", "b"}));
  const auto before = installed[0];
  auto changed = std::make_shared<config::settings>(*settings({"a", "b", "c"}));
  changed->backends["a"].concurrency.max_requests = 1;
  ASSERT_TRUE(apply(changed));
  EXPECT_GT(generation(), before->generation);
  ASSERT_EQ(installed[0]->backends.size(), 3U);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(entry(i).control, before->backends[i].control);
    EXPECT_EQ(entry(i).lanes, before->backends[i].lanes);
  }
  const auto first = actors.ask<permit>(entry().lanes[0], permit_request(1, 0));
  ASSERT_TRUE(first && first->granted);
  auto second = actors.begin_ask<permit>(entry().lanes[1], permit_request(2, 0));
  actors.settle();
  EXPECT_FALSE(second.answered()) << "the new limit is in force";
  caf::anon_send(entry().lanes[0], outcome(1, attempt_result::ok));
  actors.settle();
  EXPECT_TRUE(second.answered());
}

TEST_F(supervised, lets_requests_of_a_removed_backend_finish) {
  ASSERT_TRUE(apply({"a", "b"}));
  const auto old = entry(1);
  const auto granted = actors.ask<permit>(old.lanes[0], permit_request(1, 0));
  ASSERT_TRUE(granted && granted->granted);
  const auto control_ended = actors.watch(old.control);
  const auto busy_ended = actors.watch(old.lanes[0]);
  const auto idle_ended = actors.watch(old.lanes[1]);
  ASSERT_TRUE(apply({"a"}));
  EXPECT_EQ(installed[1]->backends.size(), 1U);
  EXPECT_TRUE(*idle_ended);
  actors.advance(60s, 1s);
  EXPECT_FALSE(*busy_ended);
  EXPECT_FALSE(*control_ended);
  const auto late = actors.ask<permit>(old.lanes[0], permit_request(2, 0));
  ASSERT_TRUE(late);
  EXPECT_EQ(late->reason, deny_reason::retired);
  caf::anon_send(old.lanes[0], outcome(1, attempt_result::reset_after_head));
  actors.settle();
  EXPECT_TRUE(*busy_ended);
  EXPECT_TRUE(*control_ended);
  EXPECT_TRUE(reports.empty()) << "nothing was unexpected";
}

TEST_F(supervised, removes_and_adds_a_backend_of_the_same_name) {
  ASSERT_TRUE(apply({"a"}));
  const auto old = entry();
  const auto granted = actors.ask<permit>(old.lanes[0], permit_request(1, 0));
  ASSERT_TRUE(granted && granted->granted);
  ASSERT_TRUE(apply(std::vector<std::string>{}));
  ASSERT_TRUE(apply({"a"}));
  EXPECT_NE(entry().control, old.control);
  EXPECT_TRUE(works());
  caf::anon_send(old.lanes[0], outcome(1, attempt_result::ok));
  actors.settle();
  EXPECT_TRUE(works());
  EXPECT_TRUE(reports.empty());
}

TEST_F(supervised, keeps_tls_and_key_when_new_ones_cannot_be_read) {
  next_bearer = "first";
  next_tls = std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_client);
  ASSERT_TRUE(apply({"a"}));
  const auto tls = next_tls;
  EXPECT_EQ(entry().bearer, "first");
  EXPECT_EQ(entry().tls, tls);
  tls_problem = "no such file";
  bearer_problem = "not readable";
  next_bearer = "second";
  ASSERT_TRUE(apply({"a"}));
  EXPECT_EQ(entry().bearer, "first");
  EXPECT_EQ(entry().tls, tls);
  EXPECT_TRUE(reported("backend a: no such file"));
  EXPECT_TRUE(reported("backend a: not readable"));
  tls_problem.clear();
  bearer_problem.clear();
  next_tls = nullptr;
  ASSERT_TRUE(apply({"a"}));
  EXPECT_EQ(entry().bearer, "second");
  EXPECT_EQ(entry().tls, nullptr);
}

TEST_F(supervised, does_not_fall_back_to_plain_text_when_a_backend_becomes_https) {
  ASSERT_TRUE(apply({"a"}));
  EXPECT_EQ(entry().tls, nullptr);
  tls_problem = "no such file";
  made_despite_problem =
      std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_client);
  ASSERT_TRUE(apply({"a"}));
  EXPECT_EQ(entry().tls, made_despite_problem);
  EXPECT_TRUE(reported("backend a: no such file"));
}

TEST_F(supervised, gets_health_answers_for_the_new_configuration_during_a_reload) {
  ASSERT_TRUE(apply(std::vector<std::string>{}));
  const auto report = actors.ask<health_report>(installed[0]->health, check_atom::value);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->backends.empty());
}

// ---- models of a router ----

TEST_F(supervised, gives_a_router_whose_models_are_managed_a_manager_and_desks) {
  ASSERT_TRUE(apply(managing("router", {"plain", "router"})));
  EXPECT_FALSE(entry(0).models);
  EXPECT_TRUE(entry(0).desks.empty());
  ASSERT_TRUE(entry(1).models);
  ASSERT_EQ(entry(1).desks.size(), 2U) << "one per thread";
  EXPECT_NE(entry(1).desks[0], entry(1).desks[1]);
}

TEST_F(supervised, keeps_the_manager_and_the_desks_when_a_reload_changes_other_things) {
  const auto given = managing("a", {"a"});
  ASSERT_TRUE(apply(given));
  const auto before = entry();
  auto changed = std::make_shared<config::settings>(*given);
  changed->models.max_waiting = 7;
  changed->backends["a"].url.port = 81;
  ASSERT_TRUE(apply(changed));
  EXPECT_EQ(entry().models, before.models);
  EXPECT_EQ(entry().desks, before.desks);
}

TEST_F(supervised, retires_the_manager_and_the_desks_when_a_reload_switches_them_off) {
  const auto given = managing("a", {"a"});
  ASSERT_TRUE(apply(given));
  const auto old = entry();
  const auto manager_ended = actors.watch(old.models);
  const auto desk_ended = actors.watch(old.desks[1]);
  ASSERT_TRUE(apply({"a"}));
  EXPECT_FALSE(entry().models);
  EXPECT_TRUE(entry().desks.empty());
  EXPECT_EQ(entry().control, old.control) << "the backend itself stays";
  EXPECT_TRUE(*manager_ended);
  EXPECT_TRUE(*desk_ended);
  EXPECT_TRUE(works());
  EXPECT_TRUE(reports.empty()) << "nothing was unexpected";
  ASSERT_TRUE(apply(given));
  EXPECT_TRUE(entry().models);
  EXPECT_NE(entry().models, old.models);
}

TEST_F(supervised, restarts_the_backend_of_a_manager_or_a_desk_that_has_died) {
  ASSERT_TRUE(apply(managing("a", {"a"})));
  for (const bool manager : {true, false}) {
    const auto old = entry();
    if (manager)
      kill(old.models);
    else
      kill(old.desks[0]);
    actors.advance(210ms);
    ASSERT_TRUE(entry().models);
    EXPECT_NE(entry().models, old.models);
    EXPECT_NE(entry().desks, old.desks);
    EXPECT_TRUE(works());
  }
  EXPECT_TRUE(reported("backend a ended unexpectedly"));
}

// ---- restarts ----

TEST_F(supervised, restarts_a_backend_after_the_back_off) {
  ASSERT_TRUE(apply({"a", "b"}));
  const auto before = installed[0];
  kill(entry(0).control);
  EXPECT_TRUE(reported("backend a ended unexpectedly"));
  actors.advance(90ms);
  EXPECT_EQ(installed[0], before);
  const auto meanwhile = actors.ask<permit>(entry(0).lanes[0], permit_request(1, 0));
  ASSERT_TRUE(meanwhile);
  EXPECT_TRUE(meanwhile->granted) << "its lanes still know the way";
  caf::anon_send(entry(0).lanes[0], outcome(1, attempt_result::ok));
  actors.advance(20ms);
  ASSERT_NE(installed[0], before);
  EXPECT_EQ(installed[0], installed[1]);
  EXPECT_NE(entry(0).control, before->backends[0].control);
  EXPECT_EQ(entry(1).control, before->backends[1].control) << "the other one was left alone";
  EXPECT_TRUE(works());
  EXPECT_EQ(reports.size(), 1U);
}

TEST_F(supervised, waits_longer_before_each_restart_until_it_was_calm) {
  ASSERT_TRUE(apply({"a"}));
  for (const auto back_off : {100ms, 200ms, 400ms, 800ms, 1600ms}) {
    const auto before = installed[0];
    kill(entry().control);
    actors.advance(back_off - 20ms);
    EXPECT_EQ(installed[0], before) << back_off.count();
    actors.advance(40ms);
    EXPECT_NE(installed[0], before) << back_off.count();
    EXPECT_TRUE(works());
  }
  for (int i = 0; i < 10; ++i) {
    kill(entry().control);
    actors.advance(30s, 100ms);
    EXPECT_TRUE(works()) << "never later than half a minute";
  }
  actors.advance(61s, 100ms);
  const auto before = installed[0];
  kill(entry().control);
  actors.advance(110ms);
  EXPECT_NE(installed[0], before);
}

TEST_F(supervised, restarts_a_backend_whose_lane_or_prober_has_died) {
  ASSERT_TRUE(apply({"a"}));
  const auto old = entry();
  const auto control_ended = actors.watch(old.control);
  const auto sibling_ended = actors.watch(old.lanes[1]);
  kill(old.lanes[0]);
  actors.advance(110ms);
  EXPECT_TRUE(*control_ended);
  EXPECT_TRUE(*sibling_ended);
  EXPECT_NE(entry().lanes, old.lanes);
  EXPECT_TRUE(works());
  EXPECT_EQ(reports.size(), 1U);
}

TEST_F(supervised, lets_requests_on_a_backend_that_is_restarted_finish) {
  ASSERT_TRUE(apply({"a"}));
  const auto old = entry();
  const auto granted = actors.ask<permit>(old.lanes[0], permit_request(1, 0));
  ASSERT_TRUE(granted && granted->granted);
  const auto ended = actors.watch(old.lanes[0]);
  kill(old.control);
  actors.advance(110ms);
  EXPECT_FALSE(*ended);
  caf::anon_send(old.lanes[0], outcome(1, attempt_result::ok));
  actors.settle();
  EXPECT_TRUE(*ended);
  EXPECT_TRUE(works());
}

TEST_F(supervised, restarts_routing_when_router_or_switchboard_has_died) {
  ASSERT_TRUE(apply({"a"}));
  for (const bool router : {true, false}) {
    const auto before = installed[0];
    const auto old_publisher = actors.watch(before->publisher);
    const auto old_switchboard = actors.watch(switchboards[0]);
    if (router)
      kill(before->publisher);
    else
      kill(switchboards[1]);
    actors.advance(210ms);
    EXPECT_TRUE(*old_publisher);
    EXPECT_TRUE(*old_switchboard);
    EXPECT_GT(generation(), before->generation);
    EXPECT_EQ(installed[0], installed[1]);
    EXPECT_EQ(entry().control, before->backends[0].control) << "backends were left alone";
    EXPECT_TRUE(works());
    EXPECT_TRUE(apply({"a"}));
  }
  EXPECT_TRUE(reported("routing ended unexpectedly"));
}

TEST_F(supervised, restarts_the_health_aggregator) {
  ASSERT_TRUE(apply(std::vector<std::string>{}));
  const auto old = installed[0]->health;
  kill(old);
  actors.advance(110ms);
  EXPECT_NE(installed[0]->health, old);
  EXPECT_TRUE(actors.ask<health_report>(installed[0]->health, check_atom::value));
}

TEST_F(supervised, restarts_the_resolver_and_what_depends_on_it) {
  ASSERT_TRUE(apply({"a"}));
  EXPECT_EQ(resolvers_made, 1);
  const auto asked = resolver_script->asked.size();
  kill(resolver);
  actors.advance(110ms);
  EXPECT_EQ(resolvers_made, 2);
  EXPECT_GT(resolver_script->asked.size(), asked);
  EXPECT_TRUE(works());
}

TEST_F(supervised, restarts_the_voice_library_and_tells_all_threads) {
  ASSERT_TRUE(apply({"a"}));
  const auto before = installed[0];
  EXPECT_EQ(before->voices, library);
  kill(library);
  actors.advance(110ms);
  EXPECT_EQ(libraries_made, 2);
  EXPECT_NE(installed[0]->voices, before->voices);
  EXPECT_EQ(installed[0]->voices, library);
  EXPECT_EQ(installed[0], installed[1]);
  EXPECT_EQ(entry().control, before->backends[0].control) << "backends were left alone";
}

TEST_F(supervised, restarts_the_model_profiles_and_has_managers_listen_to_the_new_ones) {
  ASSERT_TRUE(apply(managing("a", {"a", "b"})));
  EXPECT_EQ(*profile_listeners, 1);
  const auto before = installed[0];
  kill(profiles);
  actors.advance(110ms);
  EXPECT_EQ(*profile_listeners, 2);
  EXPECT_NE(installed[0]->profiles, before->profiles);
  EXPECT_EQ(installed[0]->profiles, profiles);
  EXPECT_EQ(entry().models, before->backends[0].models) << "backends were left alone";
}

TEST_F(supervised, restarts_the_runtime_controller_and_the_backends_that_hold_it) {
  ASSERT_TRUE(apply(managing("a", {"a"})));
  const auto old = entry();
  const auto manager_ended = actors.watch(old.models);
  kill(runtime);
  actors.advance(110ms);
  EXPECT_EQ(runtimes_made, 2);
  EXPECT_TRUE(*manager_ended);
  EXPECT_NE(entry().models, old.models);
  EXPECT_EQ(resolvers_made, 1) << "what it was given itself was left alone";
  EXPECT_TRUE(works());
  EXPECT_EQ(reports.size(), 1U);
}

TEST_F(supervised, restarts_the_runtime_controller_together_with_the_resolver_that_it_holds) {
  ASSERT_TRUE(apply({"a"}));
  const auto old = actors.watch(runtime);
  kill(resolver);
  actors.advance(110ms);
  EXPECT_EQ(runtimes_made, 2);
  EXPECT_TRUE(*old);
  EXPECT_EQ(reports.size(), 1U) << "its end was meant";
  actors.advance(1s);
  EXPECT_EQ(runtimes_made, 2);
}

TEST_F(supervised, has_one_runtime_controller_when_it_has_died_together_with_the_resolver) {
  ASSERT_TRUE(apply({"a"}));
  caf::anon_send_exit(resolver, caf::exit_reason::kill);
  kill(runtime);
  const auto running = actors.system().registry().running();
  actors.advance(110ms);
  EXPECT_EQ(actors.system().registry().running(), running + 2);
  EXPECT_TRUE(works());
}

TEST_F(supervised, restarts_what_died_before_the_first_configuration) {
  kill(resolver);
  kill(switchboards[0]);
  actors.advance(210ms);
  EXPECT_EQ(resolvers_made, 2);
  ASSERT_TRUE(apply({"a"}));
  EXPECT_TRUE(works());
}

TEST_F(supervised, does_not_restart_what_a_reload_has_removed) {
  ASSERT_TRUE(apply({"a", "b"}));
  kill(entry(1).control);
  ASSERT_TRUE(apply({"a"}));
  actors.advance(1s);
  EXPECT_EQ(installed[0]->backends.size(), 1U);
  EXPECT_TRUE(works());
}

TEST_F(supervised, survives_the_death_of_everything_at_once) {
  ASSERT_TRUE(apply({"a", "b", "c"}));
  const auto before = installed[0];
  for (const auto& backend : before->backends) {
    caf::anon_send_exit(backend.control, caf::exit_reason::kill);
    for (const auto& lane : backend.lanes)
      caf::anon_send_exit(lane, caf::exit_reason::kill);
  }
  caf::anon_send_exit(before->publisher, caf::exit_reason::kill);
  caf::anon_send_exit(before->health, caf::exit_reason::kill);
  caf::anon_send_exit(resolver, caf::exit_reason::kill);
  for (const auto& one : switchboards)
    caf::anon_send_exit(one, caf::exit_reason::kill);
  actors.advance(2s, 10ms);
  ASSERT_EQ(installed[0]->backends.size(), 3U);
  EXPECT_EQ(installed[0], installed[1]);
  EXPECT_TRUE(works());
  EXPECT_TRUE(apply({"a"}));
}

// ---- the end ----

TEST_F(supervised, ends_all_it_owns_at_once) {
  ASSERT_TRUE(apply({"a", "b"}));
  const auto ended = actors.watch(subject);
  std::vector<std::shared_ptr<const bool>> children{
      actors.watch(installed[0]->publisher), actors.watch(installed[0]->health),
      actors.watch(resolver), actors.watch(switchboards[0]), actors.watch(switchboards[1])};
  for (const auto& backend : installed[0]->backends) {
    children.push_back(actors.watch(backend.control));
    for (const auto& lane : backend.lanes)
      children.push_back(actors.watch(lane));
  }
  actors.end(subject); // no time passes
  EXPECT_TRUE(*ended);
  for (const auto& child : children)
    EXPECT_TRUE(*child);
  EXPECT_TRUE(reports.empty());
}

TEST_F(supervised, ends_after_restarts_too) {
  ASSERT_TRUE(apply({"a"}));
  kill(entry().control);
  actors.advance(110ms);
  kill(entry().lanes[0]);
  actors.advance(210ms);
  kill(resolver);
  actors.advance(110ms);
  const auto ended = actors.watch(subject);
  actors.end(subject);
  EXPECT_TRUE(*ended);
}

TEST_F(supervised, ends_while_a_restart_is_due) {
  ASSERT_TRUE(apply({"a"}));
  kill(entry().control);
  kill(installed[0]->publisher);
  const auto ended = actors.watch(subject);
  actors.end(subject);
  EXPECT_TRUE(*ended);
  EXPECT_EQ(resolvers_made, 1);
}

TEST_F(supervised, ends_with_permits_out_and_backends_retiring) {
  ASSERT_TRUE(apply({"a", "b"}));
  const auto granted = actors.ask<permit>(entry(1).lanes[0], permit_request(1, 0));
  ASSERT_TRUE(granted && granted->granted);
  ASSERT_TRUE(apply({"a"}));
  const auto ended = actors.watch(subject);
  actors.end(subject);
  EXPECT_TRUE(*ended);
}

TEST_F(supervised, refuses_configurations_while_it_ends) {
  ASSERT_TRUE(apply({"a"}));
  caf::anon_send_exit(subject, caf::exit_reason::user_shutdown);
  const auto refused = actors.ask<bool>(subject, settings({"b"}));
  EXPECT_FALSE(refused);
}

/// Does not end when it is told to.
resolver_actor spawn_stubborn(caf::actor_system& system) {
  return system.spawn([](resolver_actor::pointer self) -> resolver_actor::behavior_type {
    self->set_exit_handler([](caf::exit_msg&) {});
    return {[](const resolve_request& request) {
      resolution result;
      result.host = request.host;
      return result;
    }};
  });
}

TEST(supervisor, kills_what_does_not_end_within_two_seconds) {
  test::deterministic_actor_system actors;
  supervisor_parts parts;
  parts.make_resolver = [&] { return spawn_stubborn(actors.system()); };
  auto subject = spawn_supervisor(actors.system(), std::move(parts));
  const auto ended = actors.watch(subject);
  actors.end(subject);
  EXPECT_FALSE(*ended);
  actors.advance(1900ms);
  EXPECT_FALSE(*ended);
  actors.advance(200ms);
  EXPECT_TRUE(*ended);
}

} // namespace
} // namespace synapse::actors
