/// @file
/// What a deployment's attempts have come to, for metrics.
#pragma once

#include "routing/failure/verdict_words.hpp"
#include "routing/journey/moved.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::routing {

/// Only what is not the plain case, which the meter counts without sharing. Any thread.
class deployment_counts {
public:
  /// Attempts that were no success, by whose fault it was.
  enum class outcome : std::uint8_t {
    client,  ///< of the request: its fault, its length, its content
    limited, ///< of the moment: rate limits, busy, loading
    failed,  ///< of the backend
  };
  static constexpr std::array<std::string_view, 3> outcome_texts{"client", "limited", "failed"};

  void ended(disposition how) noexcept {
    if (how != disposition::none && how != disposition::success)
      add(outcomes_, static_cast<std::size_t>(outcome_of(how)));
  }
  /// A request went on from here, or would have come here first.
  void moved_on(moved why) noexcept { add(moved_, static_cast<std::size_t>(why)); }
  /// One of its cells has shut.
  void was_shut(trouble why) noexcept { add(shut_, static_cast<std::size_t>(why)); }

  std::uint64_t count(outcome of) const noexcept {
    return outcomes_[static_cast<std::size_t>(of)].load(std::memory_order_relaxed);
  }
  std::uint64_t count(moved why) const noexcept {
    return moved_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }
  std::uint64_t count(trouble why) const noexcept {
    return shut_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }

private:
  using number = std::atomic<std::uint64_t>;

  static constexpr outcome outcome_of(disposition how) noexcept {
    switch (how) {
    case disposition::client_fault:
    case disposition::context:
    case disposition::policy:
      return outcome::client;
    case disposition::rate_limit:
    case disposition::busy:
    case disposition::loading:
      return outcome::limited;
    default:
      return outcome::failed;
    }
  }
  template <std::size_t Size>
  static void add(std::array<number, Size>& to, std::size_t at) noexcept {
    if (at < Size)
      to[at].fetch_add(1, std::memory_order_relaxed);
  }

  std::array<number, outcome_texts.size()> outcomes_{};
  std::array<number, moved_count> moved_{};
  std::array<number, trouble_count> shut_{};
};

} // namespace synapse::routing
