/// @file
/// Which of several replicas decides about a card.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::gpus {

/// The live replica with the lowest name decides, where more than half of the replicas that share
/// the card are, those counted that have fallen silent and may be on the other side of a broken
/// network; of two halves that with the lowest name of all. It has to have been the lowest for a
/// whole term, so that one that decided before has noticed, and it decides only as long as it hears
/// of the cluster: both times are one term. Pure: no clock.
class card_lease {
public:
  using time_ns = std::int64_t;
  static constexpr time_ns term = 5'000'000'000;

  /// @param alone there is no cluster: this process decides from the start.
  explicit card_lease(bool alone) : alone_(alone) {}

  /// What this replica knows of the cluster now. @param live names of those that answer; empty
  /// ones do not count.
  void heard(std::string_view self, const std::vector<std::string>& live, time_ns now) {
    heard(self, live, {}, 0, now);
  }
  /// @param silent names of those that have not ended as far as anybody knows, and do not answer
  /// @param notice until it is noticed that one does not; a term is twice as long at least
  void heard(std::string_view self, const std::vector<std::string>& live,
             const std::vector<std::string>& silent, time_ns notice, time_ns now);
  /// May this replica decide?
  bool holds(time_ns now) const noexcept;
  /// Is one of those that answer, or this one, to decide, now or after a term?
  bool has_most() const noexcept { return alone_ || most_; }
  /// When holds() may change by itself; 0: it does not.
  time_ns due(time_ns now) const noexcept;

private:
  bool alone_;
  bool most_ = false;
  bool lowest_ = false;
  time_ns length_ = term; ///< of a term
  time_ns heard_ = 0;
  time_ns lowest_since_ = 0;
};

} // namespace synapse::gpus
