/// @file
/// Children of a family by small integers instead of label texts: what a hot path indexes.
#pragma once

#include "telemetry/metrics.hpp"

#include <array>
#include <atomic>
#include <cstddef>

namespace synapse::telemetry {

/// One metric per value of an enum, all made ahead.
template <class Enum, class Metric, std::size_t Size>
class enum_metrics {
public:
  enum_metrics() = default;
  /// @param make called with each text in turn; returns the child.
  template <class Texts, class Make>
  enum_metrics(const Texts& texts, Make make) {
    static_assert(std::tuple_size_v<Texts> == Size);
    for (std::size_t i = 0; i < Size; ++i)
      metrics_[i] = make(texts[i]);
  }
  const Metric& operator[](Enum value) const noexcept {
    return metrics_[static_cast<std::size_t>(value)];
  }

private:
  std::array<Metric, Size> metrics_{};
};

/// Metrics made on first use; after that `at` is one load. Any thread.
template <class Metric, std::size_t Size>
class lazy_metrics {
public:
  static constexpr std::size_t size = Size;

  /// @param index below Size.
  /// @param make returns a reference that outlives this table; may run more than once.
  template <class Make>
  const Metric& at(std::size_t index, Make make) const {
    const auto* known = slots_[index].load(std::memory_order_acquire);
    if (!known) [[unlikely]] {
      known = &make();
      slots_[index].store(known, std::memory_order_release);
    }
    return *known;
  }

  /// The metric, or null while nobody has used it.
  const Metric* peek(std::size_t index) const noexcept {
    return slots_[index].load(std::memory_order_acquire);
  }

private:
  mutable std::array<std::atomic<const Metric*>, Size> slots_{};
};

} // namespace synapse::telemetry
