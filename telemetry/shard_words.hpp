/// @file
/// Counters that are made when they are first needed, once per I/O thread.
#pragma once

#include "telemetry/metrics.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace synapse::telemetry {

/// As many words per I/O thread as it is told, and once more for all other threads. A thread's
/// words are made with its first count, so what nobody counts costs two pointers. Counts wrap at
/// 2^32: read them as differences. All members may be called from any thread.
class shard_words {
public:
  /// @param shards number of threads that have called `set_shard`. @param words per thread
  shard_words(unsigned shards, std::size_t words)
      : shards_(shards), words_(words),
        blocks_(std::make_unique<std::atomic<word*>[]>(std::size_t{shards} + 1)) {}
  ~shard_words() {
    for (std::size_t i = 0; i <= shards_; ++i)
      delete[] blocks_[i].load(std::memory_order_relaxed);
  }
  shard_words(const shard_words&) = delete;
  shard_words& operator=(const shard_words&) = delete;

  /// Adds one. Without memory for a first count it is lost.
  void increment(std::size_t index) const noexcept {
    const auto shard = detail::this_shard <= shards_ ? detail::this_shard : 0;
    auto* block = blocks_[shard].load(std::memory_order_acquire);
    if (block == nullptr) [[unlikely]]
      block = make(shard);
    if (block == nullptr)
      return;
    auto& counted = block[index];
    if (shard != 0)
      counted.store(counted.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    else
      counted.fetch_add(1, std::memory_order_relaxed);
  }

  /// Adds the sums over all threads to `sums`, modulo 2^32; an empty list stands for zeros, and
  /// stays empty when nothing has been counted.
  void add_to(std::vector<std::uint32_t>& sums) const {
    for (std::size_t shard = 0; shard <= shards_; ++shard) {
      const auto* block = blocks_[shard].load(std::memory_order_acquire);
      if (block == nullptr)
        continue;
      sums.resize(words_);
      for (std::size_t i = 0; i < words_; ++i)
        sums[i] += block[i].load(std::memory_order_relaxed);
    }
  }

private:
  using word = std::atomic<std::uint32_t>;

  [[gnu::noinline]] word* make(std::size_t shard) const noexcept {
    auto* made = new (std::nothrow) word[words_]{};
    word* known = nullptr;
    if (made != nullptr &&
        !blocks_[shard].compare_exchange_strong(known, made, std::memory_order_acq_rel)) {
      delete[] made; // another thread of the shared shard was quicker
      return known;
    }
    return made;
  }

  std::size_t shards_;
  std::size_t words_;
  std::unique_ptr<std::atomic<word*>[]> blocks_; ///< by shard
};

} // namespace synapse::telemetry
