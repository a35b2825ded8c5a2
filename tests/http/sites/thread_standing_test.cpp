#include "actors/backends/lane.hpp"
#include "http/sites/thread_standing.hpp"
#include "routing/catalog.hpp"
#include "routing/records/catalog_records.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/metric_registry.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

namespace synapse::client {
namespace {

using actors::circuit;
using routing::kind;
constexpr std::int64_t standing_s = 1'000'000'000;

/// One deployment of the name m, at the backend b, whose lane is a real one.
struct standing_test : testing::Test {
  standing_test() {
    settings->backends["b"].name = "b";
    auto& name = settings->catalog.emplace_back();
    name.name = "m";
    auto& one = name.deployments.emplace_back();
    one.backend = "b";
    one.model = one.id = "x";
    one.rpm = 2;
    auto snapshot = std::make_shared<actors::gateway_snapshot>();
    snapshot->settings = settings;
    snapshot->routes = std::make_shared<const routing::catalog>(*settings);
    snapshot->records = routing::make_records(snapshot->routes->names(), 1, nullptr, nullptr);
    actors::backend_entry entry;
    entry.settings = &settings->backends.at("b");
    entry.lanes = {lane};
    snapshot->backends.push_back(entry);
    routes = make_thread_routes(
        actors.unit().thread(), snapshot, {},
        [this](const std::string& backend) { return &metrics.backend(backend); });
    view.resolved = true;
    view.addresses = {actors::address(1)};
    show();
  }
  ~standing_test() override {
    routes.reset();
    actors.end(lane);
    actors.end(control);
  }
  const routing::deployment& which() const {
    return *routes->catalog().names().find_deployment("x");
  }
  routing::deployment_record& record() const { return routes->record(0); }
  routing::place_state state(std::int64_t now = 100 * standing_s, kind what = kind::chat) {
    return thread_standing{*routes, now}.of(which(), what);
  }
  /// Tells the lane what is in `view`.
  void show() {
    caf::anon_send(lane, view);
    actors.settle();
  }
  actors::cell_view& cell(circuit state, std::int64_t open_until = 0) {
    view.cells.resize(1);
    auto& one = view.cells[0];
    one.cell = which().cell_of(kind::chat);
    one.state = state;
    one.open_until = open_until;
    one.why = static_cast<std::uint8_t>(routing::trouble::key_refused);
    return one;
  }

  test::deterministic_actor_system actors{1};
  telemetry::metric_registry registry{1};
  telemetry::gateway_metrics metrics{registry, "test"};
  std::shared_ptr<config::settings> settings = std::make_shared<config::settings>();
  std::shared_ptr<actors::fake_backend> told = std::make_shared<actors::fake_backend>();
  actors::backend_actor control = actors::spawn_fake(actors.system(), told);
  actors::lane_actor lane = actors::spawn_pinned<actors::lane>(actors.unit(), control, 0U);
  routes_ptr routes;
  actors::lane_view view;
};

TEST_F(standing_test, of_a_deployment_that_is_well) {
  const auto now = state();
  EXPECT_EQ(now.meter, &record().meter);
  EXPECT_EQ(now.shut_until, 0);
  EXPECT_EQ(now.full_until, 0);
  EXPECT_FALSE(now.drained);
  EXPECT_EQ(now.queue, 0U);
  EXPECT_EQ(now.context, 0U);
  EXPECT_FLOAT_EQ(now.headroom, 1);
}

TEST_F(standing_test, has_what_the_record_knows) {
  record().set_context(4096);
  record().set_queue(3);
  record().drain(true);
  record().set_capabilities({0, config::capability_set::bit(config::capability::tools)});
  EXPECT_EQ(record().enter(1, 100 * standing_s), 0);
  EXPECT_FLOAT_EQ(state().headroom, 0.5F);
  EXPECT_EQ(record().enter(1, 100 * standing_s), 0);
  const auto now = state();
  EXPECT_EQ(now.context, 4096U);
  EXPECT_EQ(now.queue, 3U);
  EXPECT_TRUE(now.drained);
  EXPECT_TRUE(now.capabilities.lacks(config::capability::tools));
  EXPECT_GT(now.full_until, 100 * standing_s);
}

TEST_F(standing_test, is_shut_while_its_backend_is) {
  view.state = circuit::open;
  view.open_until = 130 * standing_s;
  show();
  EXPECT_EQ(state().shut_until, 130 * standing_s);
  EXPECT_EQ(state().why, routing::trouble::unreachable);
  EXPECT_GT(state(140 * standing_s).shut_until, 140 * standing_s) << "the word is only late";
}

TEST_F(standing_test, is_shut_while_its_backend_is_nowhere) {
  view.addresses.clear();
  show();
  EXPECT_GT(state().shut_until, 100 * standing_s);
  EXPECT_EQ(state().why, routing::trouble::name_unknown);
  view.resolved = false;
  show();
  EXPECT_EQ(state().shut_until, 0) << "nobody knows yet";
}

TEST_F(standing_test, is_shut_while_its_own_cell_is_for_the_kind_that_it_is_of) {
  cell(circuit::open, 105 * standing_s);
  show();
  EXPECT_EQ(state().shut_until, 105 * standing_s);
  EXPECT_EQ(state().why, routing::trouble::key_refused);
  EXPECT_EQ(state(100 * standing_s, kind::embeddings).shut_until, 0);
}

TEST_F(standing_test, is_shut_as_long_as_the_longer_of_both) {
  cell(circuit::open, 105 * standing_s);
  view.state = circuit::open;
  view.open_until = 130 * standing_s;
  show();
  EXPECT_EQ(state().shut_until, 130 * standing_s);
}

TEST_F(standing_test, half_open_wants_one_request_to_find_out) {
  cell(circuit::half_open);
  show();
  EXPECT_TRUE(state().wants_probe);
  EXPECT_EQ(state().shut_until, 0);
  EXPECT_TRUE(record().may_probe(100 * standing_s));
  EXPECT_FALSE(state().wants_probe);
  EXPECT_GT(state().shut_until, 100 * standing_s) << "that one is under way";
  EXPECT_TRUE(state(101 * standing_s).wants_probe);
}

TEST_F(standing_test, begins_slowly_after_it_has_recovered) {
  EXPECT_EQ(record().meter.ready_since(), routing::never);
  view.recovered = 90 * standing_s;
  show();
  (void)state();
  EXPECT_EQ(record().meter.ready_since(), 90 * standing_s);
  cell(circuit::closed).recovered = 95 * standing_s;
  show();
  (void)state();
  EXPECT_EQ(record().meter.ready_since(), 95 * standing_s);
  view = {};
  view.resolved = true;
  view.addresses = {actors::address(1)};
  show();
  (void)state();
  EXPECT_EQ(record().meter.ready_since(), 95 * standing_s) << "it does not become new again";
}

} // namespace
} // namespace synapse::client
