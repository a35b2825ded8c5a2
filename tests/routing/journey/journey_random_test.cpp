// Made-up catalogs, states and ends of attempts: what holds for every journey.
#include "routing/failure/verdict_table.hpp"
#include "routing/journey/journey.hpp"
#include "tests/routing/journey/atlas.hpp"

#include <gtest/gtest.h>

#include <map>

namespace synapse::routing {
namespace {

/// A catalog of up to six names that lead to each other in any way, in any state.
class made_up {
public:
  explicit made_up(std::uint64_t seed) : random_(seed) {
    const auto names = 1 + below(6);
    for (std::uint64_t i = 0; i < names; ++i)
      add_name("n" + std::to_string(i), below(5) == 0 ? 32 : 1 + below(4));
    for (auto* lists : {&map.settings.fallbacks.any, &map.settings.fallbacks.context,
                        &map.settings.fallbacks.policy})
      for (std::uint64_t i = below(8); i > 0; --i)
        (*lists)["n" + std::to_string(below(names))].push_back("n" + std::to_string(below(names)));
    map.settings.routing.attempts = static_cast<unsigned>(1 + below(4));
    map.settings.routing.hops = static_cast<unsigned>(below(6));
    map.budget = retry_budget{{.percent = 10, .least = static_cast<std::uint32_t>(below(12))}};
    map.done();
    for (auto& state : map.known.states)
      set(state);
    map.what.text_bytes = below(20'000);
    map.what.affinity = below(2) == 0 ? 0 : random_.next();
    map.what.deadline = below(2) == 0 ? 0 : static_cast<std::int64_t>(below(60)) * second_ns;
  }

  std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }
  verdict any_end() {
    auto how =
        line_of(static_cast<situation>(below(static_cast<std::uint64_t>(situation::count_))));
    how.wait = how.next == remedy::other_or_same ? second_ns : 0;
    return how;
  }
  atlas map;

private:
  void add_name(const std::string& name, std::uint64_t deployments) {
    for (std::uint64_t i = 0; i < deployments; ++i) {
      auto& made =
          map.put(name, name + "/" + std::to_string(i), static_cast<unsigned>(1 + below(3)));
      made.weight = static_cast<double>(below(4));
      made.attempts = below(4) == 0 ? 1 : 0;
    }
    map.name_of(name).strategy = static_cast<config::pick_strategy>(below(6));
  }
  void set(place_state& state) {
    state.shut_until = below(4) == 0 ? second_ns * 2 : 0;
    state.full_until = below(4) == 0 ? second_ns * 3 : 0;
    state.context = below(2) == 0 ? 0 : 1 + below(8192);
    state.queue = static_cast<std::uint32_t>(below(12));
    state.drained = below(8) == 0;
    state.capabilities.no = static_cast<std::uint16_t>(below(8) == 0 ? 0xffff : 0);
  }

  random_source random_;
};

bool may_repeat(remedy next) {
  return next == remedy::same_without_extras || next == remedy::other_or_same ||
         next == remedy::other_or_wait;
}

void travel(std::uint64_t seed) {
  made_up world{seed};
  auto& map = world.map;
  auto trip = map.travel("n0");
  std::map<const deployment*, int> asked;
  std::int64_t now = 0;
  const deployment* before = nullptr;
  auto how = verdict{};
  bool denied = false;
  unsigned counted = 0;
  unsigned steps = 0;
  for (auto next = trip.first(map.known, map.random, now); next.to != nullptr;) {
    ASSERT_LT(++steps, 1000U) << "seed " << seed;
    const bool again = ++asked[next.to] > 1;
    ASSERT_TRUE(!again || (!denied && next.to == before && may_repeat(how.next)))
        << "seed " << seed << ": " << next.to->settings->id << " after row " << int{how.row};
    ASSERT_LT(counted, map.settings.routing.attempts) << "seed " << seed;
    ASSERT_EQ(&trip.at(), next.to);
    ASSERT_FALSE(map.known.states[next.to->place].drained && !again) << "seed " << seed;
    const auto moved_at = now;
    now += next.wait + static_cast<std::int64_t>(world.below(3)) * second_ns / 2;
    const bool others = trip.has_others(map.known);
    before = next.to;
    denied = world.below(3) == 0;
    how = denied ? verdict{} : world.any_end();
    counted += !denied && how.counts_as_attempt && how.kind != disposition::loading ? 1 : 0;
    next = denied
               ? trip.after_denial(world.below(2) == 0, now + second_ns, map.known, map.random, now)
               : trip.after(how, map.known, map.random, now);
    if (denied && now == moved_at) {
      ASSERT_EQ(next.to != nullptr, others) << "seed " << seed;
    }
  }
  (void)trip.farewell(now);
}

TEST(journey_random, always_ends_and_asks_nobody_twice_but_for_the_allowed_cases) {
  for (std::uint64_t seed = 1; seed <= 4'000 && !testing::Test::HasFatalFailure(); ++seed)
    travel(seed);
}

TEST(journey_random, ends_when_there_are_more_deployments_than_it_remembers) {
  atlas map;
  for (int name = 0; name < 5; ++name)
    for (int i = 0; i < 32; ++i)
      map.put("n" + std::to_string(name), std::to_string(name) + "/" + std::to_string(i),
              static_cast<unsigned>(i) + 1);
  map.settings.fallbacks.any["n0"] = {"n1", "n2", "n3", "n4"};
  map.done();
  auto trip = map.travel("n0");
  std::map<std::string, int> asked;
  std::size_t steps = 0;
  for (auto to = map.first(trip); !to.empty(); to = map.denied(trip, true, second_ns)) {
    ASSERT_EQ(++asked[to], 1) << to;
    ASSERT_LE(++steps, 160U);
  }
  EXPECT_EQ(steps, journey::most_tried);
  EXPECT_EQ(trip.farewell(0).why, farewell::cause::full);
}

} // namespace
} // namespace synapse::routing
