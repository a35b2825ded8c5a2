/// @file
/// The hot half of the metrics: handles that count. A metric has one set of words per I/O thread
/// and one that all other threads share. An I/O thread writes its own words with a plain load and
/// store, so counting costs about as much as `++n` and no cache line ever travels between cores.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace synapse::telemetry {

namespace detail {

using cell = std::atomic<std::uint64_t>;
static_assert(cell::is_always_lock_free);

/// Words of one shard in one slab; the distance between the same metric in two shards.
inline constexpr std::size_t slab_words = 512;

/// 0: the shard of all threads without one of their own; i + 1: the shard of I/O thread i.
inline constinit thread_local std::uint32_t this_shard = 0;

/// Consecutive words, once per shard.
class cell_block {
public:
  cell_block() = default;
  cell_block(cell* shared, std::uint32_t shards) noexcept : shared_(shared), shards_(shards) {}

  /// Adds to one word of the calling thread's shard.
  void add(std::size_t word, std::uint64_t amount) const noexcept {
    // Shard 0 wraps around to the largest number: one comparison covers "none" and "not of this
    // registry".
    if (this_shard - 1 < shards_) [[likely]] {
      cell& own = shared_[this_shard * slab_words + word];
      own.store(own.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    } else {
      shared_[word].fetch_add(amount, std::memory_order_relaxed);
    }
  }

  void store_shared(std::size_t word, std::uint64_t value) const noexcept {
    shared_[word].store(value, std::memory_order_relaxed);
  }

  /// The word summed over all shards, modulo 2^64.
  std::uint64_t total(std::size_t word) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t shard = 0; shard <= shards_; ++shard)
      sum += shared_[shard * slab_words + word].load(std::memory_order_relaxed);
    return sum;
  }

private:
  cell* shared_ = nullptr; ///< the shared shard's words; the others follow at slab_words' distance
  std::uint32_t shards_ = 0;
};

/// Bucket bounds in nanoseconds and an index into them by the highest set bit of a value, so that
/// finding a bucket takes as many comparisons as there are bounds within one power of two.
struct histogram_layout {
  std::vector<std::int64_t> bounds;     ///< ascending, then `probes` times the largest number
  std::array<std::uint8_t, 65> first{}; ///< by bit width: bounds below the values of that width
  unsigned probes = 0;                  ///< most bounds of one bit width
  unsigned count = 0;                   ///< bounds, without the padding

  /// The number of bounds below `value`, which is the bucket's index.
  unsigned bucket(std::int64_t value) const noexcept {
    unsigned start = first[static_cast<unsigned>(std::bit_width(std::uint64_t(value)))];
    unsigned index = start;
    for (unsigned probe = 0; probe < probes; ++probe)
      index += bounds[start + probe] < value;
    return index;
  }
};

} // namespace detail

/// Gives the calling thread shard `index` (0-based) of every registry that has that many shards.
/// At any time at most one thread may hold an index: its updates are not atomic additions.
inline void set_shard(unsigned index) noexcept {
  detail::this_shard = index + 1;
}

/// Puts the calling thread back to the shared shard.
inline void clear_shard() noexcept {
  detail::this_shard = 0;
}

/// A number that only grows. A handle: cheap to copy, valid as long as its registry, never before
/// it came from a family. All members may be called from any thread.
class counter {
public:
  counter() = default;
  explicit counter(detail::cell_block cells) noexcept : cells_(cells) {}
  void add(std::uint64_t amount) const noexcept { cells_.add(0, amount); }
  void increment() const noexcept { cells_.add(0, 1); }
  std::uint64_t value() const noexcept { return cells_.total(0); }

private:
  detail::cell_block cells_;
};

/// A number that rises and falls. Handle as `counter`.
class gauge {
public:
  gauge() = default;
  explicit gauge(detail::cell_block cells) noexcept : cells_(cells) {}
  void add(std::int64_t amount) const noexcept { cells_.add(0, std::uint64_t(amount)); }
  void increment() const noexcept { add(1); }
  void decrement() const noexcept { add(-1); }
  /// Replaces the value, from any thread. For gauges that are never added to.
  void set(std::int64_t value) const noexcept { cells_.store_shared(0, std::uint64_t(value)); }
  std::int64_t value() const noexcept { return std::int64_t(cells_.total(0)); }

private:
  detail::cell_block cells_;
};

/// A distribution of durations over fixed buckets. Handle as `counter`.
class histogram {
public:
  histogram() = default;
  histogram(detail::cell_block cells, const detail::histogram_layout& layout) noexcept
      : cells_(cells), layout_(&layout) {}

  /// Counts a duration in nanoseconds; a negative one (clocks, races) counts as 0.
  void observe_ns(std::int64_t value) const noexcept {
    value = value < 0 ? 0 : value;
    cells_.add(layout_->bucket(value), 1);
    cells_.add(layout_->count + 1, std::uint64_t(value));
  }

  /// Counts a duration in seconds.
  void observe_seconds(double value) const noexcept {
    constexpr double limit = 9.2e9; // what fits into 63 bits of nanoseconds
    observe_ns(value >= limit ? std::numeric_limits<std::int64_t>::max()
               : value > 0    ? std::llround(value * 1e9)
                              : 0);
  }

  /// Observations in bucket `index` alone (not cumulated); index = number of bounds is +Inf.
  std::uint64_t bucket_count(unsigned index) const noexcept { return cells_.total(index); }
  /// Upper bounds of the buckets, in nanoseconds.
  std::span<const std::int64_t> bounds_ns() const noexcept {
    return {layout_->bounds.data(), layout_->count};
  }
  /// Sum of all observations. It wraps after 584 years of observed time; scrapers take that for
  /// the restart of a counter.
  std::uint64_t sum_ns() const noexcept { return cells_.total(layout_->count + 1); }

private:
  detail::cell_block cells_;
  const detail::histogram_layout* layout_ = nullptr;
};

} // namespace synapse::telemetry
