/// @file
/// A distribution of durations from which percentiles can be read to within one per cent, after
/// the idea of DDSketch (Masson, Rim, Lee, 2019): bins whose width grows with what lies in them.
#pragma once

#include "telemetry/shard_words.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace synapse::telemetry {

/// Times below which 50, 95 and 99 % of the observations lie, in milliseconds.
struct percentiles {
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
};

/// Observations per bin; an empty list stands for zeros.
using sketch_counts = std::vector<std::uint32_t>;
/// The same without its zeros: pairs of bin and count, ascending.
using sparse_counts = std::vector<std::pair<std::uint16_t, std::uint32_t>>;

namespace sketch {

/// Each power of two has 64 bins of one width: a value lies within 1/128 of its bin's middle.
inline constexpr unsigned bins_per_octave_bits = 6;
inline constexpr unsigned first_octave = 13; ///< 2^13 ns: what is below 8.2 µs is one bin
inline constexpr unsigned last_octave = 42;  ///< 2^42 ns: what takes longer than 73 min, too
inline constexpr std::size_t bins =
    (std::size_t{last_octave - first_octave} << bins_per_octave_bits) + 2;

/// The bin of a duration in nanoseconds; negative ones are of the first.
constexpr std::size_t bin_of(std::int64_t ns) noexcept {
  if (ns < (std::int64_t{1} << first_octave))
    return 0;
  const auto octave = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(ns))) - 1;
  if (octave >= last_octave)
    return bins - 1;
  const auto within = static_cast<std::size_t>(ns >> (octave - bins_per_octave_bits)) &
                      ((std::size_t{1} << bins_per_octave_bits) - 1);
  return 1 + (std::size_t{octave - first_octave} << bins_per_octave_bits) + within;
}

/// The middle of a bin in nanoseconds; of the last one its lower bound.
double middle_of(std::size_t bin) noexcept;

} // namespace sketch

/// The percentiles of what was observed (nearest rank); nothing of nothing.
std::optional<percentiles> percentiles_of(std::span<const std::uint32_t> counts);
std::optional<percentiles> percentiles_of(const sparse_counts& counts);

/// What has come between two sums of the same sketch.
sparse_counts growth_of(const sketch_counts& before, const sketch_counts& now);
/// Adds `more` to `to`.
void merge(sparse_counts& to, const sparse_counts& more);

/// Counts durations. No locks, and no memory after a thread's first observation (7.5 KiB then).
class latency_sketch {
public:
  explicit latency_sketch(unsigned shards) : counts_(shards, sketch::bins) {}
  /// Any thread.
  void observe_ns(std::int64_t value) const noexcept { counts_.increment(sketch::bin_of(value)); }
  /// Adds all that was observed since the start, modulo 2^32. Any thread.
  void add_to(sketch_counts& sums) const { counts_.add_to(sums); }

private:
  shard_words counts_;
};

} // namespace synapse::telemetry
