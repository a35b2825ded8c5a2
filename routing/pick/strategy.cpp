#include "routing/pick/strategy.hpp"

#include "routing/pick/contest.hpp"

#include <algorithm>

namespace synapse::routing {

namespace {
std::size_t pick_by_strategy(contest& among, pick_strategy strategy) noexcept {
  switch (strategy) {
  case pick_strategy::shuffle:
    return among.by_weight();
  case pick_strategy::least_busy:
    return among.least_busy();
  case pick_strategy::usage:
    return among.most_headroom();
  case pick_strategy::cheapest:
    among.keep_cheapest();
    break;
  case pick_strategy::p2c:
  case pick_strategy::adaptive:
    break;
  }
  return among.better_of_two();
}
} // namespace

std::span<const candidate> lowest_tier(std::span<const candidate> all) noexcept {
  const auto end = std::find_if(all.begin(), all.end(),
                                [&](const candidate& one) { return one.tier != all.front().tier; });
  return all.first(static_cast<std::size_t>(end - all.begin()));
}

double ramped_weight(double weight, std::int64_t ready_since, std::int64_t now) noexcept {
  if (ready_since == never || now - ready_since >= slow_start)
    return weight;
  const auto passed = static_cast<double>(std::max<std::int64_t>(now - ready_since, 0));
  return weight * (slow_start_from + (1 - slow_start_from) * passed / slow_start);
}

std::optional<std::size_t> pick(std::span<const candidate> tier,
                                const pick_question& question) noexcept {
  contest among(tier.first(std::min(tier.size(), max_candidates)), question);
  if (among.empty())
    return std::nullopt;
  among.keep_best_loaded();
  if (const auto place = among.by_affinity())
    return place;
  return pick_by_strategy(among, question.strategy);
}

} // namespace synapse::routing
