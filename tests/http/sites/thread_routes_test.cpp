#include "actors/protocol/error.hpp"
#include "http/client/endpoint.hpp"
#include "http/sites/thread_routes.hpp"
#include "routing/catalog.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/metric_registry.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/http/client/loopback.hpp"
#include "tests/support/deterministic_actor_system.hpp"
#include "tests/support/io_runner.hpp"
#include "tests/support/self_signed.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace synapse::client {
namespace {

using config::backend_settings;
using net::task;

backend_settings backend_named(const std::string& name) {
  auto settings = actors::backend_named(name);
  settings.url.port = 8080;
  return settings;
}

/// What the supervisor publishes for these backends. Lanes are nobody unless a test fills them in.
std::shared_ptr<actors::gateway_snapshot>
snapshot_of(const std::vector<backend_settings>& backends,
            std::vector<config::route_settings> routes = {}) {
  auto settings = std::make_shared<config::settings>();
  for (const auto& backend : backends)
    settings->backends[backend.name] = backend;
  settings->routes = std::move(routes);
  auto snapshot = std::make_shared<actors::gateway_snapshot>();
  snapshot->settings = settings;
  snapshot->routes = std::make_shared<const routing::catalog>(*settings);
  for (const auto& [name, backend] : settings->backends) {
    actors::backend_entry entry;
    entry.settings = &backend;
    entry.lanes.resize(2);
    snapshot->backends.push_back(std::move(entry));
  }
  return snapshot;
}

/// Views of two threads that nobody runs: there is no connection here.
struct routes_of_a_thread : testing::Test {
  routes_ptr make(actors::snapshot_ptr snapshot, const routes_ptr& previous = {},
                  unsigned thread = 0) {
    return make_thread_routes(threads[thread], std::move(snapshot), previous,
                              [this](const std::string& name) { return &metrics.backend(name); });
  }

  telemetry::metric_registry registry{2};
  telemetry::gateway_metrics metrics{registry, "test"};
  net::io_thread threads[2] = {net::io_thread{0}, net::io_thread{1}};
};

// ---- sites ----

TEST_F(routes_of_a_thread, have_a_site_for_each_backend) {
  auto plain = backend_named("plain");
  auto secure = backend_named("secure");
  secure.url.tls = true;
  secure.url.port = 443;
  const auto snapshot = snapshot_of({secure, plain});
  const auto routes = make(snapshot);
  ASSERT_EQ(routes->sites.size(), 2U);
  EXPECT_EQ(routes->snapshot, snapshot);
  EXPECT_EQ(&routes->settings(), snapshot->settings.get());
  const auto& first = *routes->sites[0];
  EXPECT_EQ(first.name(), "plain") << "by name";
  EXPECT_EQ(first.settings, &snapshot->settings->backends.at("plain"));
  EXPECT_EQ(first.snapshot, snapshot);
  EXPECT_EQ(first.entry, &snapshot->backends[0]);
  EXPECT_EQ(first.authority, "plain.example:8080");
  EXPECT_EQ(first.response_extra, "X-Synapse-Backend: plain\r\n");
  EXPECT_EQ(first.metrics, &metrics.backend("plain"));
  EXPECT_EQ(&first.pool->io(), &threads[0]);
  EXPECT_EQ(first.pool->idle(), 0U);
  const auto& second = *routes->sites[1];
  EXPECT_EQ(second.name(), "secure");
  EXPECT_EQ(second.authority, "secure.example") << "without the scheme's own port";
  EXPECT_EQ(second.metrics, &metrics.backend("secure"));
  EXPECT_NE(first.pool, second.pool);
}

TEST_F(routes_of_a_thread, find_sites_by_name) {
  const auto routes = make(snapshot_of({backend_named("a"), backend_named("b")}));
  EXPECT_EQ(routes->site("a"), routes->sites[0]);
  EXPECT_EQ(routes->site("b"), routes->sites[1]);
  EXPECT_FALSE(routes->site("c"));
  EXPECT_FALSE(routes->site(""));
  EXPECT_FALSE(routes->site("A"));
  EXPECT_FALSE(make(snapshot_of({}))->site("a"));
}

TEST_F(routes_of_a_thread, find_sites_by_the_configured_path) {
  const auto routes =
      make(snapshot_of({backend_named("a"), backend_named("b")},
                       {{"/x/*", "a"}, {"/x/y", "b"}, {"/x/z/*", "b"}, {"/gone", "no-such"}}));
  EXPECT_EQ(routes->site_for_path("/x/1"), routes->site("a"));
  EXPECT_EQ(routes->site_for_path("/x/y"), routes->site("b"));
  EXPECT_EQ(routes->site_for_path("/x/z/1"), routes->site("b"));
  EXPECT_FALSE(routes->site_for_path("/x"));
  EXPECT_FALSE(routes->site_for_path("/"));
  EXPECT_FALSE(routes->site_for_path("/gone")) << "a route to nowhere";
}

TEST_F(routes_of_a_thread, keep_their_configuration_alive) {
  auto snapshot = snapshot_of({backend_named("a")});
  const std::weak_ptr<actors::gateway_snapshot> watched = snapshot;
  auto routes = make(std::move(snapshot));
  snapshot.reset();
  EXPECT_EQ(routes->settings().backends.size(), 1U);
  auto site = routes->site("a"); // a request holds it
  routes.reset();
  EXPECT_EQ(site->name(), "a");
  EXPECT_FALSE(watched.expired());
  site.reset();
  EXPECT_TRUE(watched.expired()) << "and no longer than that";
}

// ---- reload ----

TEST_F(routes_of_a_thread, take_over_the_pools_of_unchanged_backends) {
  const auto before = make(snapshot_of({backend_named("a"), backend_named("b")}));
  // How the backend is judged and asked is no matter of its connections.
  auto changed = backend_named("b");
  changed.title = "Another title";
  changed.health.path = "/other";
  changed.timeouts.response = config::milliseconds{1};
  changed.retry.attempts = 1;
  changed.breaker.failures = 1;
  changed.concurrency.max_requests = 1;
  changed.authorization.forward = false;
  changed.list_models = true;
  const auto snapshot = snapshot_of({backend_named("a"), changed, backend_named("c")});
  const auto after = make(snapshot, before);
  EXPECT_EQ(after->site("a")->pool, before->site("a")->pool);
  EXPECT_EQ(after->site("b")->pool, before->site("b")->pool);
  EXPECT_TRUE(after->site("c")->pool);
  EXPECT_EQ(after->site("b")->settings->retry.attempts, 1U) << "all else is new";
  EXPECT_EQ(after->site("b")->snapshot, snapshot);
  EXPECT_NE(after->site("b"), before->site("b"));
  EXPECT_EQ(before->site("b")->settings->retry.attempts, 3U) << "requests finish on the old one";
}

TEST_F(routes_of_a_thread, make_a_new_pool_where_connections_would_be_others) {
  const std::pair<const char*, std::function<void(backend_settings&)>> changes[] = {
      {"host", [](auto& b) { b.url.host = "elsewhere.example"; }},
      {"port", [](auto& b) { b.url.port = 8081; }},
      {"scheme", [](auto& b) { b.url.tls = !b.url.tls; }},
      {"max_idle", [](auto& b) { b.pool.max_idle = 1; }},
      {"idle_timeout", [](auto& b) { b.pool.idle_timeout = config::milliseconds{1}; }},
      {"verify", [](auto& b) { b.tls.verify = false; }},
      {"ca_file", [](auto& b) { b.tls.ca_file = "/other.pem"; }},
      {"certificate", [](auto& b) { b.tls.certificate = "/other.pem"; }},
      {"key", [](auto& b) { b.tls.key = "/other.pem"; }},
      {"server_name", [](auto& b) { b.tls.server_name = "other.example"; }},
  };
  auto original = backend_named("a");
  original.url.tls = true;
  for (const auto& [what, change] : changes) {
    auto changed = original;
    change(changed);
    const auto before = make(snapshot_of({original, backend_named("b")}));
    const auto old_pool = before->site("a")->pool;
    const auto after = make(snapshot_of({changed, backend_named("b")}), before);
    EXPECT_NE(after->site("a")->pool, old_pool) << what;
    EXPECT_TRUE(after->site("a")->pool) << what;
    EXPECT_EQ(before->site("a")->pool, old_pool) << "requests finish on the old one: " << what;
    EXPECT_EQ(after->site("b")->pool, before->site("b")->pool) << "the others stay: " << what;
  }
}

TEST_F(routes_of_a_thread, do_not_take_a_pool_from_a_backend_of_another_name) {
  const auto before = make(snapshot_of({backend_named("a")}));
  auto renamed = backend_named("a");
  renamed.name = "b";
  const auto after = make(snapshot_of({renamed}), before);
  ASSERT_EQ(after->sites.size(), 1U);
  EXPECT_NE(after->site("b")->pool, before->site("a")->pool) << "its gauges count another backend";
}

TEST_F(routes_of_a_thread, forget_the_pool_of_a_backend_that_was_away) {
  const auto first = make(snapshot_of({backend_named("a")}));
  const auto second = make(snapshot_of({}), first);
  EXPECT_TRUE(second->sites.empty());
  const auto third = make(snapshot_of({backend_named("a")}), second);
  EXPECT_NE(third->site("a")->pool, first->site("a")->pool);
}

TEST_F(routes_of_a_thread, do_not_go_on_with_a_tls_context_that_was_renewed) {
  auto settings = backend_named("a");
  settings.url.tls = true;
  const auto context = [] {
    return std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_client);
  };
  const auto old = snapshot_of({settings});
  old->backends[0].tls = context();
  const auto before = make(old);
  const auto renewed = snapshot_of({settings});
  renewed->backends[0].tls = context();
  EXPECT_NE(make(renewed, before)->site("a")->pool, before->site("a")->pool);
}

// ---- good ends on their way to the lane ----

struct outcomes_of_a_backend : testing::Test {
  void TearDown() override { system.end(lane); }

  test::deterministic_actor_system system{1};
  std::shared_ptr<actors::fake_lane> told = std::make_shared<actors::fake_lane>();
  actors::lane_actor lane = actors::spawn_fake(system.system(), told);
};

TEST_F(outcomes_of_a_backend, go_in_one_message_when_there_are_many) {
  outcome_box box{system.unit().thread(), lane};
  std::vector<std::uint64_t> ids;
  while (told->good_ends.empty() && ids.size() < 1000) {
    ids.push_back(ids.size() + 1);
    box.add(ids.back());
    system.settle();
  }
  ASSERT_EQ(told->good_ends.size(), 1U);
  EXPECT_GT(ids.size(), 1U) << "not each on its own";
  EXPECT_EQ(told->good_ends[0].requests, ids);
}

TEST_F(outcomes_of_a_backend, go_at_once_when_told_so_and_at_the_end) {
  {
    outcome_box box{system.unit().thread(), lane};
    box.add(7);
    box.flush();
    box.flush();
    system.settle();
    ASSERT_EQ(told->good_ends.size(), 1U);
    EXPECT_EQ(told->good_ends[0].requests, std::vector<std::uint64_t>{7});
    box.add(8);
  }
  system.settle();
  ASSERT_EQ(told->good_ends.size(), 2U);
  EXPECT_EQ(told->good_ends[1].requests, std::vector<std::uint64_t>{8});
}

TEST_F(outcomes_of_a_backend, go_after_a_moment_in_any_case) {
  outcome_box box{system.unit().thread(), lane};
  box.add(9);
  const auto limit = std::chrono::steady_clock::now() + test::patience;
  while (told->good_ends.empty() && std::chrono::steady_clock::now() < limit)
    system.settle();
  ASSERT_EQ(told->good_ends.size(), 1U);
  EXPECT_EQ(told->good_ends[0].requests, std::vector<std::uint64_t>{9});
}

// ---- what pools are made of ----

/// Routes of a thread that runs, with backends on loopback.
struct routes_in_use : testing::Test {
  void TearDown() override {
    runner.call([] {}); // what woke the test last has ended, too
    EXPECT_EQ(counted().pool_idle.value(), 0);
    EXPECT_EQ(counted().pool_active.value(), 0);
  }
  void run(std::function<task<void>()> work) { runner.run(std::move(work)); }

  routes_ptr make(actors::snapshot_ptr snapshot, const routes_ptr& previous = {}) {
    return make_thread_routes(runner.io(), std::move(snapshot), previous,
                              [this](const std::string& name) { return &metrics.backend(name); });
  }
  telemetry::backend_metrics& counted() { return metrics.backend("a"); }

  task<connection_ptr> connect(net::local_ptr<upstream_pool> pool, net::tcp::endpoint address) {
    auto wake = net::make_local<net::wake_point>();
    auto connection = pool->open(address, wake);
    while (connection->opening())
      co_await wake->wait();
    EXPECT_FALSE(connection->open_error()) << connection->open_error().message();
    co_return connection;
  }

  test::watchdog dog;
  telemetry::metric_registry registry{1};
  telemetry::gateway_metrics metrics{registry, "test"};
  test::io_runner runner;
};

TEST_F(routes_in_use, keep_connections_as_the_settings_say_and_count_them) {
  run([&]() -> task<void> {
    auto settings = backend_named("a");
    settings.pool.max_idle = 1;
    settings.pool.idle_timeout = config::milliseconds{40};
    const auto routes = make(snapshot_of({settings}));
    auto& pool = *routes->site("a")->pool;
    loopback_backend backend{runner.io()};
    auto one = co_await connect(routes->site("a")->pool, backend.address());
    auto peer_of_one = co_await backend.accept();
    auto two = co_await connect(routes->site("a")->pool, backend.address());
    auto peer_of_two = co_await backend.accept();
    EXPECT_EQ(counted().pool_active.value(), 2);
    const auto started = net::io_thread::now();
    pool.give_back(std::move(one));
    EXPECT_EQ(counted().pool_idle.value(), 1);
    pool.give_back(std::move(two));
    EXPECT_EQ(pool.idle(), 1U) << "max_idle";
    EXPECT_EQ(counted().pool_active.value(), 0);
    EXPECT_EQ(counted().pool_idle.value(), 1);
    co_await peer_of_one.read_to_end();
    co_await peer_of_two.read_to_end();
    EXPECT_EQ(pool.idle(), 0U) << "idle_timeout";
    EXPECT_GE(net::io_thread::now() - started, 40'000'000);
    EXPECT_LT(net::io_thread::now() - started, 20'000'000'000) << "in milliseconds";
  });
}

TEST_F(routes_in_use, carry_idle_connections_over_to_the_next_configuration) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto old = make(snapshot_of({backend_named("a")}));
    auto connection = co_await connect(old->site("a")->pool, backend.address());
    auto kept = connection;
    old->site("a")->pool->give_back(std::move(connection));
    auto fresh = make(snapshot_of({backend_named("a")}), old);
    old.reset();
    EXPECT_EQ(counted().pool_idle.value(), 1);
    auto taken = fresh->site("a")->pool->take(backend.address());
    EXPECT_EQ(taken, kept);
    if (taken)
      fresh->site("a")->pool->discard(std::move(taken));
  });
}

TEST_F(routes_in_use, close_the_connections_of_a_backend_that_has_moved) {
  run([&]() -> task<void> {
    loopback_backend backend{runner.io()};
    auto old = make(snapshot_of({backend_named("a")}));
    auto connection = co_await connect(old->site("a")->pool, backend.address());
    auto other = co_await backend.accept();
    auto in_use = co_await connect(old->site("a")->pool, backend.address());
    auto request = old->site("a"); // holds on to the old configuration
    old->site("a")->pool->give_back(std::move(connection));
    auto moved = backend_named("a");
    moved.url.port = 8081;
    auto fresh = make(snapshot_of({moved}), old);
    old.reset();
    EXPECT_TRUE(in_use->is_open());
    EXPECT_EQ(fresh->site("a")->pool->idle(), 0U);
    request->pool->discard(std::move(in_use));
    request.reset();
    co_await other.read_to_end();
    EXPECT_EQ(counted().pool_idle.value(), 0);
  });
}

TEST_F(routes_in_use, verify_the_host_of_the_url_unless_another_name_is_set) {
  const auto made = test::make_certificate("a.example");
  run([&]() -> task<void> {
    auto server = std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_server);
    server->use_certificate_chain(net::asio::buffer(made.pem));
    server->use_private_key(net::asio::buffer(made.key), net::asio::ssl::context::pem);
    struct expectation {
      const char* host;
      const char* server_name;
      bool verify;
      bool accepted;
    };
    static constexpr expectation all[] = {
        {"a.example", "", true, true},          {"b.example", "", true, false},
        {"b.example", "a.example", true, true}, {"a.example", "b.example", true, false},
        {"b.example", "", false, true},
    };
    for (const auto& each : all) {
      auto settings = backend_named("a");
      settings.url.tls = true;
      settings.url.host = each.host;
      settings.tls.server_name = each.server_name;
      settings.tls.verify = each.verify;
      const auto snapshot = snapshot_of({settings});
      auto trusting =
          std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_client);
      trusting->add_certificate_authority(net::asio::buffer(made.pem));
      snapshot->backends[0].tls = trusting;
      const auto routes = make(snapshot);
      auto& pool = *routes->site("a")->pool;
      loopback_backend backend{runner.io()};
      auto connection = co_await connect(routes->site("a")->pool, backend.address());
      auto other = co_await backend.accept();
      EXPECT_TRUE(pool.secure(*connection));
      other->handshake(server, false);
      while (connection->opening())
        co_await turn(runner.io());
      EXPECT_EQ(!connection->open_error(), each.accepted)
          << each.host << " as " << each.server_name << ": " << connection->open_error().message();
      pool.discard(std::move(connection));
      while (other->opening())
        co_await other.wake()->wait();
    }
  });
}

// ---- addresses ----

TEST(endpoint_of_an_address, is_the_same_as_ipv4) {
  actors::backend_address address;
  address.ip = {192, 0, 2, 17, 1, 2, 3, 4}; // only the first four count
  address.port = 8443;
  const auto endpoint = to_endpoint(address);
  EXPECT_TRUE(endpoint.address().is_v4());
  EXPECT_EQ(endpoint.address().to_string(), "192.0.2.17");
  EXPECT_EQ(endpoint.port(), 8443);
}

TEST(endpoint_of_an_address, is_the_same_as_ipv6) {
  actors::backend_address address;
  address.v6 = true;
  address.ip = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd, 0, 0x2a};
  address.port = 65535;
  const auto endpoint = to_endpoint(address);
  EXPECT_TRUE(endpoint.address().is_v6());
  EXPECT_EQ(endpoint.address().to_string(), "2001:db8::abcd:2a");
  EXPECT_EQ(endpoint.port(), 65535);
}

// ---- actors ----

/// Real actors on two threads that only the test runs.
struct switchboards : testing::Test {
  test::deterministic_actor_system actors{2};
};

TEST_F(switchboards, hand_each_snapshot_to_their_thread_and_say_so) {
  std::vector<actors::snapshot_ptr> installed;
  const actors::switchboard_actor subject = actors::spawn_pinned<switchboard>(
      actors.unit(1), std::function<void(actors::snapshot_ptr)>{
                          [&](actors::snapshot_ptr next) { installed.push_back(next); }});
  const actors::snapshot_ptr first = snapshot_of({backend_named("a")});
  const actors::snapshot_ptr second = snapshot_of({});
  auto one = actors.begin_ask<bool>(subject, first);
  auto two = actors.begin_ask<bool>(subject, second);
  EXPECT_TRUE(installed.empty());
  actors.settle();
  ASSERT_TRUE(one.answered());
  ASSERT_TRUE(two.answered());
  EXPECT_TRUE(**one);
  EXPECT_TRUE(**two);
  ASSERT_EQ(installed.size(), 2U);
  EXPECT_EQ(installed[0], first) << "the very object";
  EXPECT_EQ(installed[1], second);
  actors.end(subject);
}

TEST_F(switchboards, and_routes_use_the_lane_of_their_own_thread) {
  telemetry::metric_registry registry{2};
  telemetry::gateway_metrics metrics{registry, "test"};
  const auto record = std::make_shared<actors::fake_lane>();
  const auto snapshot = snapshot_of({backend_named("a")});
  auto& lanes = snapshot->backends[0].lanes;
  lanes = {actors::spawn_fake(actors.system(), record),
           actors::spawn_fake(actors.system(), record)};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto routes =
        make_thread_routes(actors.unit(i).thread(), snapshot, {},
                           [&](const std::string& name) { return &metrics.backend(name); });
    EXPECT_EQ(routes->site("a")->lane, lanes[i]);
  }
  for (auto& lane : lanes)
    actors.end(lane);
}

} // namespace
} // namespace synapse::client
