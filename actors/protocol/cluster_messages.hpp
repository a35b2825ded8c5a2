/// @file
/// What replicas know of each other.
#pragma once

#include "actors/protocol/health_messages.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace synapse::actors {

/// What a replica found out about a backend. Others may look for themselves because of it; it never
/// decides for them.
struct backend_note {
  std::string backend;
  circuit state = circuit::closed;
  bool healthy = true; ///< its last health check, or true when there was none
  std::string detail;  ///< why not, for people

  backend_note() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backend_note& x) {
  return f(caf::meta::type_name("backend_note"), x.backend, x.state, x.healthy, x.detail);
}

enum class member_state : std::uint8_t {
  up,         ///< answers
  connecting, ///< not reached yet, or being reached again
  down,       ///< was up and is away
  refused,    ///< speaks another version, or has another secret; `reason` says which
};

/// One replica as this one sees it.
struct cluster_member {
  std::string instance; ///< empty while it has not introduced itself
  bool self = false;
  std::string address; ///< "host:port" of its cluster port
  member_state state = member_state::connecting;
  std::string version;             ///< of the gateway
  std::int64_t since_us = 0;       ///< of this state; microseconds since 1970
  std::int64_t last_seen_ms = -1;  ///< since its last sign of life; -1: never
  std::int64_t round_trip_us = -1; ///< of the last question; -1: not known
  std::string reason;
  std::vector<backend_note> backends; ///< by name

  cluster_member() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cluster_member& x) {
  return f(caf::meta::type_name("cluster_member"), x.instance, x.self, x.address, x.state,
           x.version, x.since_us, x.last_seen_ms, x.round_trip_us, x.reason, x.backends);
}

/// What another replica says of a backend. When it has left, each backend it spoke of is told once
/// more, closed and healthy: it says nothing any more.
struct peer_note {
  std::string instance;
  backend_note note;

  peer_note() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_note& x) {
  return f(caf::meta::type_name("peer_note"), x.instance, x.note);
}

} // namespace synapse::actors
