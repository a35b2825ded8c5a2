/// @file
/// Everything one I/O thread has for serving requests.
#pragma once

#include "actors/runtime/pinned.hpp"
#include "http/server/exchange/kept_room.hpp"
#include "http/sites/thread_routes.hpp"
#include "telemetry/request_ring.hpp"
#include "telemetry/request_trace.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace synapse::telemetry {
class access_log;
class gateway_metrics;
class route_metrics;
} // namespace synapse::telemetry

namespace synapse::server {

class connection;
class origin_policy;
class route_table;

/// Shared by all threads: where the process is in its life, and what its requests share.
struct lifecycle {
  std::atomic<bool> ready{false};    ///< configuration loaded
  std::atomic<bool> draining{false}; ///< stopping: readiness fails, connections are not kept alive
  std::atomic<std::size_t> connections{0};
  kept_room uploads; ///< that are kept so that they can be sent once more
};

/// Members are used on the worker's own thread only, except `life`, `exchanges`,
/// `finished` and `traces`.
struct worker {
  worker(net::io_thread& thread, actors::io_unit& io_unit, lifecycle& state,
         const route_table& table);
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  net::io_thread& io;
  actors::io_unit& unit;
  lifecycle& life;
  const route_table& routes_table;
  client::routes_ptr routes; ///< replaced when a new configuration takes effect
  telemetry::gateway_metrics* metrics = nullptr;
  telemetry::route_metrics* unmatched = nullptr; ///< for requests that no route takes
  telemetry::access_log* log = nullptr;
  const origin_policy* origins = nullptr; ///< null: whoever asks under any name is served
  std::uint64_t last_request = 0;         ///< numbers requests within this thread
  connection* connections = nullptr;      ///< intrusive list, for drain
  telemetry::request_ring finished;       ///< any thread may read it
  telemetry::trace_ring traces;           ///< likewise
  /// Requests in progress. Written by the own thread only, on a cache line of its own: a count that
  /// all threads share would travel between the cores twice per request.
  alignas(64) std::atomic<std::size_t> exchanges{0};

  /// The Date field's value (RFC 9110 section 6.6.1), made anew once a second.
  std::string_view date();

  /// Tells every connection to end: idle ones now, others after their answer.
  void begin_drain();
  /// Cuts what is still running.
  void abort_all();

private:
  std::string date_;
  net::time_ns date_valid_until_ = 0;
};

} // namespace synapse::server
