#pragma once

#include "backends/server/request.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

namespace asio = boost::asio;

class exchange;

/// How the server software of a service behaves below its routes.
struct server_profile {
  std::string server_header = "llama.cpp"; ///< empty: no such field
  /// Idle connections are closed after that, without a word.
  std::chrono::milliseconds idle_timeout{5000};
  /// The answer to this request of a connection says `Connection: close`; 0 = no limit.
  unsigned requests_per_connection = 100;
  std::uint64_t largest_body = 64ULL * 1024 * 1024;
  bool says_keep_alive = true;       ///< a Keep-Alive field in every answer
  std::string event_line_end = "\n"; ///< of server-sent events
};

/// One backend's HTTP contract. All calls happen on the host's thread.
class service {
public:
  virtual ~service() = default;

  /// @returns the name used for ports and counters, e.g. `llama-embed`.
  virtual std::string_view name() const = 0;
  virtual const server_profile& profile() const = 0;

  /// @returns what the operator should know before the first request: missing programs.
  virtual std::vector<std::string> notices() const { return {}; }

  /// @returns how long connections are refused at first, as by a server that loads its model first.
  virtual std::chrono::milliseconds closed_at_start() const { return std::chrono::milliseconds(0); }

  /// Called once, before the first request.
  virtual void start(asio::any_io_executor executor) = 0;

  /// Ends what runs by itself (timers); requests in flight are told separately.
  virtual void stop() = 0;

  /// Answers one request through `out`. Returning without an answer closes the connection.
  virtual asio::awaitable<void> handle(const request& in, exchange& out) = 0;

  /// @returns this service's own error answer, for misbehaviors and server-level errors.
  virtual response error_answer(int status, std::string_view message) const = 0;

  /// @returns the same for a request, where the form depends on the route.
  virtual response error_for(const request&, int status, std::string_view message) const {
    return error_answer(status, message);
  }

  /// @returns true if it can be made to fail over HTTP, by `POST /stand-in/fail`.
  virtual bool takes_faults() const { return false; }

  /// Told to be as after its start: the faults were taken back.
  virtual void restore() {}

  /// @returns what it answers while its model is not ready yet.
  virtual response loading_answer() const = 0;
};

} // namespace synapse::backends
