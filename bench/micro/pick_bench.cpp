/// What it costs to choose one of a name's deployments, among 500 names of four each.
#include "routing/pick/affinity.hpp"
#include "routing/pick/strategy.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace synapse::routing;

constexpr std::size_t names = 500;
constexpr std::size_t deployments = 4;
constexpr std::int64_t tick = 10'000; // ns between two requests

/// A catalog in use: requests are running, averages are known.
struct catalog_in_use {
  explicit catalog_in_use(unsigned threads) {
    random_source random(1);
    for (std::size_t i = 0; i < names * deployments; ++i) {
      meters.push_back(std::make_unique<deployment_meter>(threads));
      for (unsigned thread = 0; thread < threads; ++thread) {
        meters.back()->begin(thread, true);
        meters.back()->first_token(thread, 0, 1 + static_cast<std::int64_t>(random.next() % 9), 0);
        meters.back()->succeeded(thread, 0);
      }
      candidate one;
      one.meter = meters.back().get();
      one.id_hash = deployment_hash(std::to_string(i));
      all.push_back(one);
    }
  }
  std::span<const candidate> tier(std::size_t name) const {
    return std::span(all).subspan(name * deployments, deployments);
  }

  std::vector<std::unique_ptr<deployment_meter>> meters;
  std::vector<candidate> all;
};

void pick_of_four(benchmark::State& state) {
  const catalog_in_use used(static_cast<unsigned>(state.range(0)));
  random_source random(2);
  std::int64_t now = 0;
  for (auto _ : state) {
    now += tick;
    pick_question question{random, pick_strategy::adaptive, 0, 0, 0, now % 50'000'000'000};
    benchmark::DoNotOptimize(pick(used.tier(random.next() % names), question));
  }
}
BENCHMARK(pick_of_four)->ArgName("threads")->Arg(1)->Arg(2)->Arg(8)->Arg(16);

/// With the key of a request whose texts are as long as what is looked at.
void pick_of_four_by_prefix(benchmark::State& state) {
  const catalog_in_use used(static_cast<unsigned>(state.range(0)));
  random_source random(2);
  const std::string text(affinity_bytes, 't');
  std::int64_t now = 0;
  for (auto _ : state) {
    now += tick;
    affinity_source from;
    from.system = text;
    from.user = text;
    const auto key = affinity_key(from);
    pick_question question{random, pick_strategy::adaptive, key, 0, 0, now % 50'000'000'000};
    benchmark::DoNotOptimize(pick(used.tier(random.next() % names), question));
  }
}
BENCHMARK(pick_of_four_by_prefix)->ArgName("threads")->Arg(1)->Arg(2)->Arg(8)->Arg(16);

} // namespace
