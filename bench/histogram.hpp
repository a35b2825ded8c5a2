/// @file
/// A histogram of durations for load tests: constant memory, any range, at most 0.4 % error.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace synapse::bench {

/// Counts of whole numbers (nanoseconds here) in log-linear cells: exact below 256, above that 128
/// cells for every power of two. A cell is reported by its middle, so a percentile is off by at
/// most half a cell, 1/256 of the value. Not thread-safe.
class histogram {
public:
  /// Adds one observation; never allocates.
  void record(std::uint64_t value);

  /// Forgets everything recorded so far.
  void clear();

  std::uint64_t count() const { return count_; }
  /// Exact; 0 when empty.
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  /// Exact; 0 when empty.
  std::uint64_t max() const { return max_; }
  /// Exact up to floating point; 0 when empty.
  double mean() const;

  /// The value that `percent` (0 to 100) of the observations do not exceed, by nearest rank, within
  /// `min()` and `max()`; 0 when empty.
  std::uint64_t percentile(double percent) const;

private:
  static constexpr unsigned sub_bits_ = 7;
  static constexpr std::size_t half_ = std::size_t{1} << sub_bits_;

  static std::size_t index_of(std::uint64_t value);
  static std::uint64_t middle_of(std::size_t index);

  /// The largest index is that of 2^64 - 1: exponent 56.
  std::array<std::uint64_t, (56 + 2) * half_> cells_{};
  std::uint64_t count_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

} // namespace synapse::bench
