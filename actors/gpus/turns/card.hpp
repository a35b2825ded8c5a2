/// @file
/// A graphics card and the backends on it, in the words of the schedule. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::gpus {

/// Nanoseconds of the steady clock.
using time_ns = std::int64_t;
using ticket_id = std::uint64_t;
/// Tells answers to questions and commands apart; 0: none.
using call_id = std::uint64_t;

struct card_limits {
  std::size_t vram = 0;    ///< bytes
  std::size_t reserve = 0; ///< of these, never given to a backend
  /// Names of backends of which never two are awake at once.
  std::vector<std::vector<std::string>> exclusive;
  time_ns min_awake = 30'000'000'000;
  time_ns batch_window = 10'000'000'000;
  time_ns linger = 500'000'000;
  time_ns max_wait = 240'000'000'000;
  time_ns poll = 1'000'000'000;     ///< between looks at a backend that changes
  time_ns refresh = 15'000'000'000; ///< between looks at all others
  /// A sleeper is not woken for so long after this process has begun to lead: one that led before
  /// may have told it to wake, which shows only when it has.
  time_ns settle = 3'000'000'000;
  unsigned max_waiting = 256;
};

struct member_limits {
  std::size_t awake = 0;   ///< bytes that it takes
  std::size_t asleep = 0;  ///< bytes that stay taken
  bool can_sleep = true;   ///< false: it is awake for good, e.g. of another type
  bool persistent = false; ///< never put to sleep
  unsigned level = 1;      ///< 2: its weights have to be loaded again
  bool warm_up = false;
  time_ns idle = 0; ///< without a request before it is put to sleep; 0: only to make room
  time_ns wake_timeout = 120'000'000'000;
};

/// What a backend on a card does, for those who pick one.
enum class member_state : std::uint8_t {
  unknown,  ///< not asked yet
  away,     ///< does not answer
  awake,    ///< requests may begin
  draining, ///< no new ones; when the last has ended it is put to sleep
  asleep,
  waking,
  failed, ///< it did not wake
};
std::string_view to_string(member_state what) noexcept;

enum class denial : std::uint8_t {
  none,
  failed,      ///< it did not wake; not tried again yet
  timeout,     ///< others kept the card busy for as long as one may wait
  unreachable, ///< it does not answer
  no_room,     ///< what stays awake on the card leaves too little for it
  queue_full,  ///< too many wait already
  elsewhere,   ///< it sleeps, and another replica decides about the card
  removed,     ///< it is not on the card
};

/// What a request for a member came to.
struct verdict {
  ticket_id ticket = 0;
  denial why = denial::none;
  std::string member;
  std::string detail; ///< of a denial, for people
  std::uint32_t retry_after_s = 0;
};

/// What is to be done. In the order in which they were decided.
struct action {
  enum class kind : std::uint8_t {
    decide,         ///< `verdict` is final
    view,           ///< what is open has changed: tell the lanes
    look,           ///< ask whether it sleeps
    measure,        ///< ask how many requests it has, running and waiting
    sleep,          ///< put it to sleep, at `level`
    wake,           ///< wake it
    wake_weights,   ///< of level 2, the first step
    reload_weights, ///< the second
    wake_cache,     ///< the third
    warm_up,        ///< have it make one token
    failed,         ///< it did not wake; `verdict.detail` says why
    refused,        ///< it did not go to sleep; likewise
  };
  kind what = kind::view;
  std::string member;
  call_id call = 0; ///< to be told with the answer
  unsigned level = 1;
  gpus::verdict verdict;
};

/// What came of a command.
enum class outcome : std::uint8_t {
  done,
  refused,
  out_of_memory,
  missing, ///< there is no such route
  gone,    ///< nobody listens there
  silent,  ///< no answer, or none that makes sense: it may have happened
};

/// What came of a look.
enum class sighting : std::uint8_t {
  awake,
  asleep,
  missing, ///< it cannot sleep
  gone,
  silent,
};

/// How a lane sees a member.
struct turn {
  bool open = false; ///< requests may begin without asking
  /// Not 0: to be told, with this number, when the last request has ended.
  std::uint32_t closing = 0;
};

/// What the process that decides says of a member, to one that does not.
struct leader_word {
  member_state state = member_state::unknown;
  time_ns retry_at = 0; ///< of a failed one: not tried before
  std::string reason;   ///< of a failed one and one that is away, for people
};

/// What is known of a member, for those who pick one.
struct member_view {
  member_state state = member_state::unknown;
  gpus::turn turn;
  time_ns since = 0;    ///< of this state
  bool fits = true;     ///< it could wake without another one's sleep
  time_ns retry_at = 0; ///< of a failed one: not tried before
  std::string reason;   ///< of a failed one and one that is away, for people
};

} // namespace synapse::gpus
