/// @file
/// What is said about how backends do: their names' addresses, their states, health probes.
#pragma once

#include "actors/protocol/permit_messages.hpp"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

/// Answer of the resolver.
struct resolution {
  std::string host;
  std::vector<backend_address> addresses; ///< empty when it failed
  std::string error;

  resolution() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, resolution& x) {
  return f(caf::meta::type_name("resolution"), x.host, x.addresses, x.error);
}

struct resolve_request {
  std::string host;
  std::uint16_t port = 0;

  resolve_request() = default;
  resolve_request(std::string name, std::uint16_t port_number)
      : host(std::move(name)), port(port_number) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, resolve_request& x) {
  return f(caf::meta::type_name("resolve_request"), x.host, x.port);
}

/// What another replica says of a backend; only what is not well.
struct peer_opinion {
  std::string instance; ///< of the replica
  circuit state = circuit::closed;
  bool healthy = true;

  peer_opinion() = default;
  bool operator==(const peer_opinion&) const = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_opinion& x) {
  return f(caf::meta::type_name("peer_opinion"), x.instance, x.state, x.healthy);
}

struct backend_snapshot {
  std::string name;
  circuit state = circuit::closed;
  std::uint32_t consecutive_failures = 0;
  std::uint64_t times_opened = 0;
  std::uint32_t leased = 0;  ///< counted permits that are out (0 when unlimited)
  std::uint32_t waiting = 0; ///< requests that wait for a permit
  std::vector<backend_address> addresses;
  bool resolved = true; ///< false: the resolver has not answered yet, so that there are none
  std::uint32_t open_for_ms = 0;                    ///< until the circuit's next probe
  attempt_result last_failure = attempt_result::ok; ///< `ok`: there was none
  std::int64_t last_failure_ms = 0;                 ///< milliseconds since 1970
  std::vector<peer_opinion> peers; ///< for display: they decide nothing; by instance

  backend_snapshot() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backend_snapshot& x) {
  return f(caf::meta::type_name("backend_snapshot"), x.name, x.state, x.consecutive_failures,
           x.times_opened, x.leased, x.waiting, x.addresses, x.resolved, x.open_for_ms,
           x.last_failure, x.last_failure_ms, x.peers);
}

/// Result of one health probe: `code` is the HTTP status, 0 when there was none. An error beside a
/// code of 200 is what the answer said was wrong.
struct probe_result {
  std::string backend;
  std::int32_t code = 0;
  std::string error;
  std::uint64_t duration_us = 0;
  /// It did not answer because it works at as many requests as it takes at once.
  bool busy = false;
  /// No connection came about, or it was cut before an answer: what opens a circuit breaker.
  bool disconnected = false;
  std::string path; ///< that was asked instead of the configured one; empty: that one was
  /// Somebody is paid for its answers: it was connected to and not asked.
  bool unasked = false;

  probe_result() = default;
  bool is_well() const noexcept { return busy || ((code == 200 || unasked) && error.empty()); }
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, probe_result& x) {
  return f(caf::meta::type_name("probe_result"), x.backend, x.code, x.error, x.duration_us, x.busy,
           x.disconnected, x.path, x.unasked);
}

struct health_report {
  std::vector<probe_result> backends; ///< by name

  health_report() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, health_report& x) {
  return f(caf::meta::type_name("health_report"), x.backends);
}

} // namespace synapse::actors
