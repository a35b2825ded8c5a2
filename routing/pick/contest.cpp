#include "routing/pick/contest.hpp"

#include "routing/pick/affinity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace synapse::routing {

namespace {
/// Beyond this a weight is no share any more; sums stay finite.
constexpr double most_weight = 1e6;
constexpr float infinite = std::numeric_limits<float>::infinity();
/// Prices that differ by less are taken as equal. Averages of equal backends differ by chance, and
/// who follows that sends nearly all to whoever was lucky.
constexpr float price_noise = 1.5F;
/// Busier than this much above the mean, a deployment does not get what belongs to it.
constexpr float affinity_factor = 1.25F;
/// Nor where most of it fails.
constexpr float affinity_success = 0.5F;
constexpr float most_slowness = 4;

std::uint8_t rank_of(load_state state) noexcept {
  switch (state) {
  case load_state::loading:
    return 1;
  case load_state::cold_fits:
    return 2;
  case load_state::cold_evicts:
    return 3;
  case load_state::unknown:
  case load_state::loaded:
    break;
  }
  return 0;
}

/// @returns the lower one of the two in the middle; 0 for nothing. Moves the values about.
float median(std::span<float> values) noexcept {
  if (values.empty())
    return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}
} // namespace

contest::contest(std::span<const candidate> tier, const pick_question& question) noexcept
    : tier_(tier), question_(question) {
  for (std::size_t i = 0; i < tier.size(); ++i) {
    const auto& one = tier[i];
    // Not `<= 0`: a weight that is no number is none.
    if (one.meter == nullptr || !(one.weight > 0))
      continue;
    const auto seen = one.meter->read(question.thread, question.prompt_class, question.now);
    const auto weight = std::min(one.weight, most_weight);
    auto& entry = entries_[count_++];
    entry.weight =
        static_cast<float>(ramped_weight(weight, one.meter->ready_since(), question.now));
    entry.in_flight = static_cast<float>(seen.in_flight);
    entry.first_token = seen.first_token;
    entry.success = seen.success;
    entry.load_rank = rank_of(one.meter->load());
    entry.place = static_cast<std::uint8_t>(i);
  }
  fill_gaps();
}

void contest::fill_gaps() noexcept {
  std::array<float, max_candidates> known;
  std::size_t count = 0;
  for (const auto& one : all())
    if (one.first_token > 0)
      known[count++] = one.first_token;
  if (count == count_)
    return;
  const float middle = std::max(median({known.data(), count}), 1.0F);
  for (auto& one : all())
    if (!(one.first_token > 0))
      one.first_token = middle;
}

template <class Keep>
void contest::keep_if(Keep keep) noexcept {
  const auto end = std::remove_if(entries_.begin(), entries_.begin() + count_,
                                  [&](const contender& one) { return !keep(one); });
  count_ = static_cast<std::size_t>(end - entries_.begin());
}

template <class Value>
std::size_t contest::highest(Value value) const noexcept {
  std::size_t best = 0;
  double sum = 0;
  float most = -infinite;
  for (const auto& one : all()) {
    const float its = value(one);
    if (its > most) {
      most = its;
      best = one.place;
      sum = one.weight;
    } else if (its == most) {
      // Each of those that are equal has its share, whoever comes first.
      sum += one.weight;
      if (question_.random.unit() * sum < one.weight)
        best = one.place;
    }
  }
  return best;
}

float contest::shortest_wait(std::uint8_t load_rank) const noexcept {
  float shortest = infinite;
  for (const auto& one : all()) {
    if (one.load_rank != load_rank)
      continue;
    float wait = one.in_flight * one.first_token;
    if (load_rank != 0) {
      const auto took = static_cast<float>(tier_[one.place].meter->load_time());
      wait += took > 0 ? took : guessed_load_time;
    }
    shortest = std::min(shortest, wait);
  }
  return shortest;
}

void contest::keep_best_loaded() noexcept {
  const auto is_first = [first = entries_[0].load_rank](const contender& one) {
    return one.load_rank == first;
  };
  if (std::all_of(all().begin(), all().end(), is_first))
    return;
  std::uint8_t best = 0;
  float shortest = infinite;
  for (std::uint8_t rank = 0; rank <= rank_of(load_state::cold_evicts); ++rank)
    if (const float wait = shortest_wait(rank); wait < shortest) {
      shortest = wait;
      best = rank;
    }
  keep_if([&](const contender& one) { return one.load_rank == best; });
}

void contest::keep_cheapest() noexcept {
  double lowest = std::numeric_limits<double>::infinity();
  for (const auto& one : all())
    lowest = std::min(lowest, tier_[one.place].cost);
  // Not `==`: a price that is no number is not lower than any.
  keep_if([&](const contender& one) { return !(tier_[one.place].cost > lowest); });
}

float contest::median_price() const noexcept {
  std::array<float, max_candidates> prices;
  for (std::size_t i = 0; i < count_; ++i)
    prices[i] = entries_[i].price();
  return median({prices.data(), count_});
}

std::optional<std::size_t> contest::by_affinity() const noexcept {
  if (question_.affinity == 0)
    return std::nullopt;
  std::array<double, max_candidates> scores;
  float busy = 0;
  float weights = 0;
  const auto* const end = entries_.data() + count_;
  const bool alike = std::all_of(
      entries_.data(), end, [&](const auto& one) { return one.weight == entries_.front().weight; });
  for (std::size_t i = 0; i < count_; ++i) {
    const auto& one = entries_[i];
    const auto hash = tier_[one.place].id_hash;
    scores[i] = alike ? rendezvous_place(question_.affinity, hash)
                      : rendezvous_score(question_.affinity, hash, one.weight);
    busy += one.in_flight;
    weights += one.weight;
  }
  const float usual = median_price();
  for (std::size_t tried = 0; tried < count_; ++tried) {
    const auto best = static_cast<std::size_t>(
        std::max_element(scores.begin(), scores.begin() + count_) - scores.begin());
    const auto& one = entries_[best];
    const float slowness = std::clamp(one.price() / (usual * price_noise), 1.0F, most_slowness);
    const float mean = busy * one.weight / weights;
    if (one.success >= affinity_success && one.in_flight * slowness <= affinity_factor * mean + 1)
      return one.place;
    scores[best] = -1;
  }
  return std::nullopt;
}

std::size_t contest::draw(std::size_t without) const noexcept {
  float sum = 0;
  for (std::size_t i = 0; i < count_; ++i)
    if (i != without)
      sum += entries_[i].weight;
  auto left = static_cast<float>(question_.random.unit()) * sum;
  std::size_t last = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (i == without)
      continue;
    last = i;
    left -= entries_[i].weight;
    if (left < 0)
      break;
  }
  return last;
}

std::size_t contest::by_weight() const noexcept {
  return entries_[draw(max_candidates)].place;
}

std::size_t contest::least_busy() const noexcept {
  return highest([](const contender& one) { return -one.in_flight / one.weight; });
}

std::size_t contest::most_headroom() const noexcept {
  return highest([&](const contender& one) { return tier_[one.place].headroom; });
}

/// The draw has seen to the weights already. So a second one of about the same price has to be less
/// busy even with the request: where little is in flight, weights would count twice otherwise, or
/// not at all.
bool contest::is_better(const contender& second, const contender& first) const noexcept {
  const float ratio = second.price() / first.price();
  if (ratio < price_noise && ratio * price_noise > 1)
    return (second.in_flight + 1) * first.weight <= first.in_flight * second.weight;
  const float mean = (second.weight + first.weight) / 2;
  return (second.in_flight * mean / second.weight + 1) * second.price() <
         (first.in_flight * mean / first.weight + 1) * first.price();
}

std::size_t contest::better_of_two() const noexcept {
  const auto first = draw(max_candidates);
  if (count_ == 1)
    return entries_[first].place;
  const auto second = draw(first);
  return entries_[is_better(entries_[second], entries_[first]) ? second : first].place;
}

} // namespace synapse::routing
