/// @file
/// What is said about the use of backends: addresses, permits, how attempts have ended, leases.
#pragma once

#include <caf/meta/type_name.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace synapse::actors {

/// Nanoseconds of the steady clock.
using time_ns = std::int64_t;

/// One resolved address of a backend.
struct backend_address {
  std::array<std::uint8_t, 16> ip{}; ///< IPv4 in the first four bytes
  bool v6 = false;
  std::uint16_t port = 0;

  backend_address() = default;
  bool operator==(const backend_address&) const = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backend_address& x) {
  return f(caf::meta::type_name("backend_address"), x.ip, x.v6, x.port);
}

// ---- session ↔ lane ----

enum class deny_reason : std::uint8_t {
  none,
  circuit_open,   ///< the breaker is open or its one half-open probe is under way
  overflow,       ///< too many requests wait already, or this one does not
  queue_timeout,  ///< waited as long as it may
  no_address,     ///< the host name does not resolve
  retired,        ///< the backend left the configuration
  deployment_out, ///< the cell of the deployment is shut, or its one probe is under way
};

/// "May I?" A session asks the lane of its own thread.
struct permit_request {
  std::uint64_t request = 0; ///< unique within the lane
  time_ns now = 0;
  bool control = false;   ///< a small question of the gateway's own: not counted, never waits
  std::uint64_t cell = 0; ///< of the deployment that the request goes to; 0: none
  bool at_once = false;   ///< it goes elsewhere rather than waiting for others to end

  permit_request() = default;
  permit_request(std::uint64_t request_id, time_ns time, bool is_control = false,
                 std::uint64_t of_cell = 0)
      : request(request_id), now(time), control(is_control), cell(of_cell) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, permit_request& x) {
  return f(caf::meta::type_name("permit_request"), x.request, x.now, x.control, x.cell, x.at_once);
}

struct permit {
  bool granted = false;
  bool probe = false;      ///< the breaker's half-open probe: its result decides
  bool cell_probe = false; ///< the same of the deployment's cell: a cell_report has to follow
  bool urgent = false; ///< tell its outcome at once: others may wait for the permit, or the breaker
                       ///< for good news
  deny_reason reason = deny_reason::none;
  std::uint32_t retry_after_ms = 0;
  backend_address address; ///< where to connect

  permit() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, permit& x) {
  return f(caf::meta::type_name("permit"), x.granted, x.probe, x.cell_probe, x.urgent, x.reason,
           x.retry_after_ms, x.address);
}

/// The session went away before it saw the answer; whatever the lane had granted comes back.
struct permit_abandoned {
  std::uint64_t request = 0;

  permit_abandoned() = default;
  explicit permit_abandoned(std::uint64_t request_id) : request(request_id) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, permit_abandoned& x) {
  return f(caf::meta::type_name("permit_abandoned"), x.request);
}

/// How an attempt ended, as far as the backend is to blame.
enum class attempt_result : std::uint8_t {
  ok,              ///< answered, whatever the status
  connect_failure, ///< refused, unreachable, TLS handshake failed
  connect_timeout, //
  reset_before_head,
  reset_after_head, ///< cut off within the answer
  response_timeout, //
  bad_response,     ///< not HTTP
  bad_gateway,      ///< a proxy before it has answered in its place
  canceled,         ///< the client left, or the gateway gave up: says nothing about the backend
  head_received,    ///< only from a probe, as soon as the head is there: the backend lives
};

/// Returns the permit and tells how it went. The first one per granted permit counts (besides
/// head_received, which keeps it).
struct outcome {
  std::uint64_t request = 0;
  attempt_result result = attempt_result::ok;

  outcome() = default;
  outcome(std::uint64_t request_id, attempt_result how) : request(request_id), result(how) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, outcome& x) {
  return f(caf::meta::type_name("outcome"), x.request, x.result);
}

/// Outcomes `ok` of requests whose permits nobody waits for, collected for a moment.
struct completed {
  std::vector<std::uint64_t> requests;

  completed() = default;
  explicit completed(std::vector<std::uint64_t> request_ids) : requests(std::move(request_ids)) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, completed& x) {
  return f(caf::meta::type_name("completed"), x.requests);
}

// ---- lane ↔ backend ----

enum class circuit : std::uint8_t { closed, half_open, open };

/// A deployment's cell that is not as if nothing had happened.
struct cell_view {
  std::uint64_t cell = 0;
  circuit state = circuit::closed;
  time_ns open_until = 0;
  time_ns recovered = 0; ///< when it was closed again; 0: it was not lately
  std::uint8_t why = 0;  ///< routing::trouble that has shut it
  bool suspect = false;  ///< report each success
  std::string found_by;  ///< the replica whose word keeps it shut; empty: this one's own finding

  cell_view() = default;
  bool operator==(const cell_view&) const = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cell_view& x) {
  return f(caf::meta::type_name("cell_view"), x.cell, x.state, x.open_until, x.recovered, x.why,
           x.suspect, x.found_by);
}

/// What a lane needs to know to answer on its own; sent by the backend whenever it changes.
struct lane_view {
  circuit state = circuit::closed;
  time_ns open_until = 0; ///< for Retry-After while open
  bool suspect = false;   ///< there were failures: report each success at once
  bool limited = false;   ///< permits are counted: take them from leases
  bool recalled = false;  ///< others wait: give back every permit that comes free
  /// There are so few that none is kept idle: then those that are out are requests at work.
  bool scarce = false;
  bool resolved = false; ///< `addresses` is the outcome of a resolution
  std::vector<backend_address> addresses;
  time_ns recovered = 0;        ///< when the circuit was closed again; 0: it was never open
  std::vector<cell_view> cells; ///< few, mostly none; by cell

  lane_view() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lane_view& x) {
  return f(caf::meta::type_name("lane_view"), x.state, x.open_until, x.suspect, x.limited,
           x.recalled, x.scarce, x.resolved, x.addresses, x.recovered, x.cells);
}

/// A lane needs a counted permit, or the half-open probe, for one request.
struct lease_request {
  std::uint32_t lane = 0;
  std::uint64_t request = 0;
  bool probe = false;
  std::uint64_t cell = 0; ///< whose half-open probe it would be; 0: of none
  bool at_once = false;   ///< see permit_request

  lease_request() = default;
  lease_request(std::uint32_t lane_index, std::uint64_t request_id, bool for_probe,
                std::uint64_t of_cell = 0)
      : lane(lane_index), request(request_id), probe(for_probe), cell(of_cell) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lease_request& x) {
  return f(caf::meta::type_name("lease_request"), x.lane, x.request, x.probe, x.cell, x.at_once);
}

/// The answer: one permit for that request and perhaps spare ones for the next.
struct lease_answer {
  std::uint64_t request = 0;
  bool granted = false;
  bool probe = false;
  deny_reason reason = deny_reason::none;
  std::uint32_t retry_after_ms = 0;
  std::uint32_t spare = 0;

  lease_answer() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lease_answer& x) {
  return f(caf::meta::type_name("lease_answer"), x.request, x.granted, x.probe, x.reason,
           x.retry_after_ms, x.spare);
}

struct lease_return {
  std::uint32_t lane = 0;
  std::uint32_t count = 0;

  lease_return() = default;
  lease_return(std::uint32_t lane_index, std::uint32_t permits)
      : lane(lane_index), count(permits) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lease_return& x) {
  return f(caf::meta::type_name("lease_return"), x.lane, x.count);
}

/// The request behind a pending lease_request is gone; a permit granted meanwhile comes back by
/// lease_return.
struct lease_abandon {
  std::uint32_t lane = 0;
  std::uint64_t request = 0;

  lease_abandon() = default;
  lease_abandon(std::uint32_t lane_index, std::uint64_t request_id)
      : lane(lane_index), request(request_id) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lease_abandon& x) {
  return f(caf::meta::type_name("lease_abandon"), x.lane, x.request);
}

/// A result that may move the breaker.
struct result_report {
  std::uint32_t lane = 0;
  attempt_result result = attempt_result::ok;
  bool probe = false;

  result_report() = default;
  result_report(std::uint32_t lane_index, attempt_result how, bool was_probe)
      : lane(lane_index), result(how), probe(was_probe) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, result_report& x) {
  return f(caf::meta::type_name("result_report"), x.lane, x.result, x.probe);
}

} // namespace synapse::actors
