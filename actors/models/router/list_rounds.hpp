/// @file
/// When a router is asked for its list.
#pragma once

#include "actors/models/turns/schedule.hpp"

#include <algorithm>
#include <utility>

namespace synapse::models {

/// One question for the list at a time, with what came up meanwhile; no clock, no actor. After a
/// command the router is looked at soon, then after twice as long, and so on: most changes take a
/// fraction of a second or many seconds.
class list_rounds {
public:
  /// A list is wanted. @returns true when it is to be asked for now; else another round follows the
  /// one under way, because what happens now may not be in its answer.
  bool begin(time_ns now) {
    if (asked_ != 0) {
      again_ = true;
      return false;
    }
    asked_ = now;
    return true;
  }
  bool under_way() const noexcept { return asked_ != 0; }
  /// When the one under way was asked for.
  time_ns asked() const noexcept { return asked_; }
  /// An answer has come; the round may go on with other questions.
  void answered(time_ns now) noexcept { last_ = now; }
  void end() noexcept { asked_ = 0; }
  /// @returns whether a list was wanted during the round; says so once.
  bool again() noexcept { return std::exchange(again_, false); }

  /// The router was told to do something.
  void command_given() noexcept { looks_ = 0; }
  /// It is looked at because it is time.
  void looked() noexcept { ++looks_; }
  /// When it is to be looked at. @param changing something is expected to happen there. @param poll
  /// the longest time between two looks then, @param refresh the time else.
  time_ns due(bool changing, time_ns poll, time_ns refresh) const noexcept {
    if (!changing)
      return last_ + refresh;
    return last_ + (looks_ < doublings ? std::min(poll, first_look << looks_) : poll);
  }

private:
  static constexpr time_ns first_look = 25'000'000;
  static constexpr unsigned doublings = 16;

  time_ns asked_ = 0; ///< 0: none is under way
  time_ns last_ = 0;
  bool again_ = false;
  unsigned looks_ = 0; ///< since the last command
};

} // namespace synapse::models
