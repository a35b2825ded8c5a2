#pragma once

#include "backends/faults/faults.hpp"
#include "backends/server/counters.hpp"
#include "backends/server/misbehavior.hpp"
#include "backends/server/service.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>

namespace synapse::backends {

class connection;

struct http_server_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0; ///< 0: any free one
  /// Whether X-Misbehave, /__misbehave and /__counters are answered to.
  bool allow_misbehave = false;
  /// Called on the host's thread with one line per finished request; may be empty.
  std::function<void(const std::string&)> log;
};

/// Listens on one port and serves one service. All calls but the constructor's happen on the
/// thread that runs the io_context.
class http_server {
public:
  http_server(asio::io_context& context, asio::thread_pool& workers, service& served,
              http_server_options options, service_counters& counters);
  ~http_server();

  /// Opens the listener. @returns an empty text, or what went wrong.
  std::string listen();

  /// Starts to accept.
  void run();

  /// Closes the listener and cuts every connection.
  void stop();

  std::uint16_t port() const { return port_; }
  misbehavior_book& misbehaviors() { return book_; }

  /// Closes the listener for a while: connections are refused.
  void refuse(std::chrono::milliseconds duration);

private:
  friend class connection;

  bool takes_faults() const { return service_.takes_faults() || options_.allow_misbehave; }
  asio::awaitable<void> accept_loop();
  std::string open();
  void reopen_when_due(std::chrono::milliseconds duration);

  asio::io_context& context_;
  asio::thread_pool& workers_;
  service& service_;
  http_server_options options_;
  service_counters& counters_;
  misbehavior_book book_;
  fault_switch faults_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer reopen_timer_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
  std::unordered_set<connection*> connections_;
};

} // namespace synapse::backends
