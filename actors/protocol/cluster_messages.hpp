/// @file
/// What replicas know of each other.
#pragma once

#include "actors/protocol/health_messages.hpp"
#include "actors/protocol/permit_messages.hpp"

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

/// What a replica has found out about a deployment by its own requests: its cell is shut, or is not
/// any more. Times are of the clock of the process that holds the note; on their way to another one
/// they are how long ago and for how long.
struct cell_note {
  std::string backend;
  std::uint64_t place = 0; ///< of the server, see backend_place.hpp: its name may be another one's
  std::uint64_t cell = 0;  ///< as routing::deployment::cell_of has it, the same for all replicas
  circuit state = circuit::closed; ///< half_open: it may be tried before its time
  std::uint8_t why = 0;            ///< routing::trouble that has shut it
  time_ns found = 0;               ///< when that was
  time_ns until = 0;               ///< of an open one: not to be asked before

  cell_note() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cell_note& x) {
  return f(caf::meta::type_name("cell_note"), x.backend, x.place, x.cell, x.state, x.why, x.found,
           x.until);
}

/// What another replica has found out about a deployment.
struct peer_cell {
  std::string instance;
  cell_note note;
  std::string deployment; ///< its id here, for people; filled in by who knows the catalog

  peer_cell() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_cell& x) {
  return f(caf::meta::type_name("peer_cell"), x.instance, x.note, x.deployment);
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
