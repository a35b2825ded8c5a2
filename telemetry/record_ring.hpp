/// @file
/// The last records of one thread, for readers on any other.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace synapse::telemetry {

/// Written by one thread, read by any: a seqlock per record (Boehm, "Can Seqlocks Get Along with
/// Programming Language Memory Models?", 2012). The writer never waits and takes no memory; a
/// reader leaves out a record that is being replaced.
template <class Record>
class record_ring {
public:
  explicit record_ring(std::size_t capacity)
      : capacity_(capacity), slots_(static_cast<slot*>(std::calloc(capacity, sizeof(slot))),
                                    [](void* memory) { std::free(memory); }) {
    // All-zero bytes are what these atomics begin with, and the elements need no destructor.
    static_assert(std::is_trivially_destructible_v<slot>);
    static_assert(sizeof(std::atomic<std::uint64_t>) == sizeof(std::uint64_t));
    if (slots_ == nullptr)
      throw std::bad_alloc{};
  }

  /// Adds a record in place of the oldest. The owner's thread only.
  void add(const Record& one) noexcept {
    static_assert(sizeof(Record) == words * sizeof(std::uint64_t));
    const auto* const bytes = reinterpret_cast<const char*>(&one);
    auto& to = slots_[next_];
    next_ = next_ + 1 == capacity_ ? 0 : next_ + 1;
    const auto version = to.version.load(std::memory_order_relaxed);
    to.version.store(version + 1, std::memory_order_relaxed);
    // Who sees one of these words sees the odd version, too. No fences: ThreadSanitizer knows none.
#pragma GCC unroll 8
    for (std::size_t i = 0; i < words; ++i) {
      std::uint64_t word; // NOLINT(cppcoreguidelines-init-variables): set by the next line
      std::memcpy(&word, bytes + i * sizeof word, sizeof word);
      to.content[i].store(word, std::memory_order_release);
    }
    to.version.store(version + 2, std::memory_order_release);
  }

  /// Appends what is there, in no particular order.
  void copy_to(std::vector<Record>& out) const {
    std::uint64_t bytes[words];
    for (std::size_t at = 0; at < capacity_; ++at) {
      const auto& from = slots_[at];
      const auto before = from.version.load(std::memory_order_acquire);
      if (before == 0 || before % 2 != 0)
        continue;
      for (std::size_t i = 0; i < words; ++i)
        bytes[i] = from.content[i].load(std::memory_order_acquire);
      if (from.version.load(std::memory_order_relaxed) != before)
        continue;
      std::memcpy(&out.emplace_back(), bytes, sizeof(Record));
    }
  }

private:
  static_assert(std::is_trivially_copyable_v<Record>);
  static constexpr std::size_t words = (sizeof(Record) + 7) / 8;
  struct slot {
    std::atomic<std::uint64_t> version; ///< odd while it is written; 0: never
    std::array<std::atomic<std::uint64_t>, words> content;
  };

  std::size_t capacity_;
  std::size_t next_ = 0;
  /// Zeroed memory of the system: what is never used takes no room.
  std::unique_ptr<slot[], void (*)(void*)> slots_;
};

} // namespace synapse::telemetry
