#include "telemetry/request_ring.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace synapse::telemetry {

request_ring::request_ring(std::size_t capacity)
    : capacity_(capacity), slots_(static_cast<slot*>(std::calloc(capacity, sizeof(slot))),
                                  [](void* memory) { std::free(memory); }) {
  // All-zero bytes are what these atomics begin with, and the elements need no destructor.
  static_assert(std::is_trivially_destructible_v<slot>);
  static_assert(sizeof(std::atomic<std::uint64_t>) == sizeof(std::uint64_t));
  if (slots_ == nullptr)
    throw std::bad_alloc{};
}

void request_ring::add(const finished_request& one) noexcept {
  static_assert(sizeof(finished_request) == words * sizeof(std::uint64_t));
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

void request_ring::copy_to(std::vector<finished_request>& out) const {
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
    std::memcpy(&out.emplace_back(), bytes, sizeof(finished_request));
  }
}

} // namespace synapse::telemetry
