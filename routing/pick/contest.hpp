/// @file
/// One pick while it is made: what was read of the deployments, narrowed down step by step.
#pragma once

#include "routing/pick/strategy.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace synapse::routing {

/// One deployment in a contest. Its members have no initial values: a contest has room for many
/// more than it usually gets.
struct contender {
  float weight; ///< with slow start
  float in_flight;
  float first_token; ///< ns; the median of the tier where nothing is known
  float success;
  std::uint8_t load_rank; ///< 0 loaded (or unknown) to 3
  std::uint8_t place;     ///< in the tier

  /// What an answer of it costs without a queue: time, and the attempts that fail before it.
  float price() const noexcept { return first_token / (success * success); }
};

/// The contenders of one pick. Lives for its time, on its stack.
class contest {
public:
  contest(std::span<const candidate> tier, const pick_question& question) noexcept;

  bool empty() const noexcept { return count_ == 0; }
  /// Leaves the ones whose model is in memory, unless waiting for them takes longer than loading it
  /// elsewhere; then the next best ones.
  void keep_best_loaded() noexcept;
  /// Leaves the cheapest ones.
  void keep_cheapest() noexcept;

  /// @returns the place of the one that has the key, or of the next one in its order as long as
  /// they are too busy; none: there is no key, or nobody takes it.
  std::optional<std::size_t> by_affinity() const noexcept;
  std::size_t by_weight() const noexcept;
  std::size_t least_busy() const noexcept;
  std::size_t better_of_two() const noexcept;
  std::size_t most_headroom() const noexcept;

private:
  std::span<const contender> all() const noexcept { return {entries_.data(), count_}; }
  std::span<contender> all() noexcept { return {entries_.data(), count_}; }
  void fill_gaps() noexcept;
  float median_price() const noexcept;
  float shortest_wait(std::uint8_t load_rank) const noexcept;
  std::size_t draw(std::size_t without) const noexcept;
  bool is_better(const contender& second, const contender& first) const noexcept;
  template <class Keep>
  void keep_if(Keep keep) noexcept;
  template <class Value>
  std::size_t highest(Value value) const noexcept;

  std::span<const candidate> tier_;
  const pick_question& question_;
  std::size_t count_ = 0;
  std::array<contender, max_candidates> entries_;
};

} // namespace synapse::routing
