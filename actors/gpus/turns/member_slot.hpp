/// @file
/// What the schedule remembers of one member.
#pragma once

#include "actors/gpus/turns/card.hpp"

#include <algorithm>
#include <optional>

namespace synapse::gpus {

enum class phase : std::uint8_t {
  unknown,
  away,
  awake,
  draining,  ///< closed; requests of the lanes have to end
  measuring, ///< they have; its own count has to be zero
  falling,   ///< told to sleep
  asleep,
  waking,
  failed,
};

/// `announce`: other processes have to know before it is told.
enum class wake_step : std::uint8_t { announce, weights, reload, cache, all, confirm, warm_up };

struct member_slot {
  /// A lane that has not told how much it uses a member; it counts as much.
  static constexpr std::uint32_t not_told = 0xffffffff;

  member_limits limits;
  phase now = phase::unknown;
  bool sleepless = false; ///< it has no sleep mode, as it has said itself
  bool gone = false;      ///< of one that is away: nobody listens, so that it takes no memory
  bool confirmed = false; ///< of a failed one: it has said that it sleeps
  bool resting = false;   ///< closed because nobody has used it for long
  bool curious = false;   ///< the lanes are asked whether anybody uses it
  time_ns since = 0;      ///< of this phase
  time_ns opened = 0;
  time_ns used = 0;       ///< when a request last began or ended, as far as is known; 0: never
  time_ns kept_until = 0; ///< not put to sleep before, after it would not go
  std::uint32_t number = 0;
  std::vector<bool> undrained;
  std::vector<std::uint32_t> in_use;
  std::deque<ticket_id> waiting;

  call_id call = 0; ///< the command under way
  call_id look = 0; ///< the look under way
  time_ns look_at = 0;
  time_ns measure_at = 0; ///< when to count again; 0: a count is under way
  wake_step step = wake_step::confirm;

  std::optional<leader_word> led; ///< what the one that decides says of it

  std::string word; ///< why it is as it is, for people
  unsigned failures = 0;
  time_ns retry_at = 0;
  std::uint64_t sleeps = 0; ///< of others, when it failed

  bool can_sleep() const noexcept { return limits.can_sleep && !sleepless; }
  bool may_sleep() const noexcept { return can_sleep() && !limits.persistent; }
  bool closed() const noexcept {
    return now == phase::draining || now == phase::measuring || now == phase::falling;
  }
  /// The one that decides does not want any requests there.
  bool held() const noexcept { return led && led->state != member_state::awake; }
  bool announces() const noexcept { return now == phase::waking && step == wake_step::announce; }
  bool drained() const noexcept {
    return std::find(undrained.begin(), undrained.end(), true) == undrained.end();
  }
  bool told() const noexcept {
    return std::find(in_use.begin(), in_use.end(), not_told) == in_use.end();
  }
  bool unused() const noexcept {
    return std::all_of(in_use.begin(), in_use.end(), [](auto count) { return count == 0; });
  }
  /// All of it is in memory, or may be.
  bool holds() const noexcept {
    switch (now) {
    case phase::asleep:
      return false;
    case phase::away:
      return !gone;
    case phase::failed:
      return !confirmed;
    default:
      return true;
    }
  }
  /// Bytes that it takes now.
  std::size_t taken() const noexcept {
    if (now == phase::away && gone)
      return 0;
    return holds() ? limits.awake : limits.asleep;
  }
  /// Bytes that it takes when what was begun has ended.
  std::size_t expected() const noexcept { return closed() ? limits.asleep : taken(); }
};

} // namespace synapse::gpus
