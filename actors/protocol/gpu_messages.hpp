/// @file
/// What is said about backends that share a graphics card: which are awake, who waits for one.
/// Plain payloads; what is shared within the process travels as a pointer.
#pragma once

#include "actors/protocol/permit_messages.hpp"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace synapse::actors {

enum class gpu_denial : std::uint8_t {
  none,
  failed,      ///< it did not wake, and is not tried again yet
  timeout,     ///< others kept the card busy for as long as one may wait
  unreachable, ///< it does not answer
  no_room,     ///< what stays awake on the card leaves too little for it
  queue_full,  ///< too many wait already
  elsewhere,   ///< it sleeps, and another replica decides about the card
  removed,     ///< it is not on the card any more
  retired,     ///< the card has left the configuration
};

/// A session asks the desk of its thread for a backend that is not awake.
struct gpu_request {
  std::uint64_t request = 0; ///< unique within the desk
  std::string member;        ///< name of the backend

  gpu_request() = default;
  gpu_request(std::uint64_t number, std::string name) : request(number), member(std::move(name)) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_request& x) {
  return f(caf::meta::type_name("gpu_request"), x.request, x.member);
}

/// The answer. A granted one counts as a use of the backend until the session says that it has
/// ended.
struct gpu_grant {
  std::uint64_t request = 0;
  gpu_denial why = gpu_denial::none;
  std::string member;
  std::string detail; ///< of a denial, for people
  std::uint32_t retry_after_s = 0;

  gpu_grant() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_grant& x) {
  return f(caf::meta::type_name("gpu_grant"), x.request, x.why, x.member, x.detail,
           x.retry_after_s);
}

/// The session went away before it saw the answer; a use granted meanwhile ends.
struct gpu_abandoned {
  std::uint64_t request = 0;

  gpu_abandoned() = default;
  explicit gpu_abandoned(std::uint64_t number) : request(number) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_abandoned& x) {
  return f(caf::meta::type_name("gpu_abandoned"), x.request);
}

/// What a backend on a card does.
enum class gpu_state : std::uint8_t {
  unknown,  ///< not asked yet
  away,     ///< does not answer
  awake,    ///< requests may begin
  draining, ///< no new ones; when the last has ended it is put to sleep
  asleep,
  waking,
  failed, ///< it did not wake
};

/// What every desk knows about a card's backends. Immutable, shared.
struct gpu_view {
  struct entry {
    gpu_state state = gpu_state::unknown;
    bool open = false;         ///< requests may begin without asking
    std::uint32_t closing = 0; ///< not 0: to be told when the last use has ended, with this number
    bool fits = true;          ///< it could wake without another one's sleep
    time_ns since = 0;         ///< of this state
    time_ns retry_at = 0;      ///< of a failed one: denied before
    std::string reason;        ///< of a failed one and one that is away, for people
  };
  std::string card;
  bool contended = false; ///< uses are to be told, see `gpu_usage`
  bool led = true;        ///< this process decides about the card, or another one that hears of it
  std::map<std::string, entry, std::less<>> members;
};
using gpu_view_ptr = std::shared_ptr<const gpu_view>;

/// A desk passes a session's request on.
struct gpu_demand {
  std::uint32_t lane = 0;
  std::uint64_t request = 0;
  std::string member;

  gpu_demand() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_demand& x) {
  return f(caf::meta::type_name("gpu_demand"), x.lane, x.request, x.member);
}

/// The one who demanded it has gone.
struct gpu_demand_gone {
  std::uint32_t lane = 0;
  std::uint64_t request = 0;

  gpu_demand_gone() = default;
  gpu_demand_gone(std::uint32_t lane_index, std::uint64_t number)
      : lane(lane_index), request(number) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_demand_gone& x) {
  return f(caf::meta::type_name("gpu_demand_gone"), x.lane, x.request);
}

/// How much a lane uses a backend; told while the view is contended.
struct gpu_usage {
  std::uint32_t lane = 0;
  std::string member;
  std::uint32_t in_use = 0;
  time_ns last_used = 0; ///< when the last use ended or began; 0: never

  gpu_usage() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_usage& x) {
  return f(caf::meta::type_name("gpu_usage"), x.lane, x.member, x.in_use, x.last_used);
}

/// The last use of a closing backend on that lane has ended.
struct gpu_drained {
  std::uint32_t lane = 0;
  std::string member;
  std::uint32_t closing = 0; ///< the number in the view

  gpu_drained() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_drained& x) {
  return f(caf::meta::type_name("gpu_drained"), x.lane, x.member, x.closing);
}

/// Who is in the cluster now, told again and again: of several replicas one decides about a card.
struct gpu_peers {
  std::string self;              ///< name of this replica
  std::vector<std::string> live; ///< of those that answer; `self` may be among them
  /// Those that were there and do not answer, though nothing says that they have ended: they may
  /// run on the other side of a broken network.
  std::vector<std::string> silent;
  time_ns notice = 0; ///< until one that is silent is noticed

  gpu_peers() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_peers& x) {
  return f(caf::meta::type_name("gpu_peers"), x.self, x.live, x.silent, x.notice);
}

/// What a replica says of one backend on a card.
struct gpu_word {
  /// A replica that has not said how much it uses a backend.
  static constexpr std::uint32_t not_told = 0xffffffff;

  std::string member;
  // Of the one that leads.
  gpu_state state = gpu_state::unknown;
  std::uint32_t closing =
      0; ///< not 0: nobody is to begin a request; in `drained` when none is left
  std::uint32_t refused = 0; ///< goes up when a wish is refused, for the reason below
  gpu_denial why = gpu_denial::none;
  std::string reason;
  time_ns retry_at = 0; ///< of a failed one; 0: none. On its way: how long until then
  // Of those that follow.
  std::uint64_t wanted = 0;  ///< the request that waits longest here, by a number; 0: none does
  std::uint32_t drained = 0; ///< the leader's `closing`: no request of this replica is left
  std::uint32_t in_use = not_told; ///< whether requests use it; told while `contended`
  time_ns used = 0; ///< when one last began or ended; 0: never. On its way: how long ago

  gpu_word() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_word& x) {
  return f(caf::meta::type_name("gpu_word"), x.member, x.state, x.closing, x.refused, x.why,
           x.reason, x.retry_at, x.wanted, x.drained, x.in_use, x.used);
}

/// What a replica says of a card: all of it, whenever something in it has changed.
struct gpu_note {
  std::string card;
  /// Of its backends and where they are: cards that only have the same name differ in it.
  std::uint64_t place = 0;
  bool leads = false;
  bool contended = false;        ///< of the one that leads: the others are to say who uses what
  std::vector<gpu_word> members; ///< by name

  gpu_note() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_note& x) {
  return f(caf::meta::type_name("gpu_note"), x.card, x.place, x.leads, x.contended, x.members);
}

/// What another replica says.
struct peer_gpu {
  std::string peer; ///< as in gpu_peers
  gpu_note note;

  peer_gpu() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_gpu& x) {
  return f(caf::meta::type_name("peer_gpu"), x.peer, x.note);
}

} // namespace synapse::actors
