/// @file
/// Accepts connections for one worker.
#pragma once

#include "http/server/connection/connection_limits.hpp"
#include "http/server/connection/reserved_room.hpp"
#include "http/server/connection/worker.hpp"

#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <memory>

namespace synapse::server {

/// Every worker has a listener of its own on the same port (SO_REUSEPORT): the kernel spreads
/// connections and no thread hands one to another. Own thread only, except the constructor.
///
/// A connection beyond a limit is taken into a reserved place. Without descriptors one of those in
/// reserve is used for it, then one of the reserved places has to give way, and then the listener
/// pauses: trying again at once would only spin.
class listener {
public:
  /// Binds and listens. @param port 0 takes a free one, see `port()`. @param reserved places for
  /// probes. @param ec set on failure.
  listener(worker& owner, connection_limits& limits, const net::tcp::endpoint& address, int backlog,
           std::size_t reserved, net::error_code& ec);

  std::uint16_t port() const;

  /// Begins to accept. @param tls null for plain HTTP.
  void start(std::shared_ptr<net::asio::ssl::context> tls);
  /// New connections use it; those that exist keep theirs.
  void renew_certificate(std::shared_ptr<net::asio::ssl::context> tls) { tls_ = std::move(tls); }
  void stop();

private:
  void accept();
  void accepted(net::error_code ec, net::socket stream);
  void take(net::socket stream);
  void failed(net::error_code ec);

  using acceptor = net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type>;
  worker& owner_;
  connection_limits& limits_;
  acceptor acceptor_;
  std::shared_ptr<net::asio::ssl::context> tls_;
  std::shared_ptr<reserved_room> room_; ///< connections keep it, too
  std::chrono::milliseconds pause_time_;
  net::asio::basic_waitable_timer<std::chrono::steady_clock,
                                  net::asio::wait_traits<std::chrono::steady_clock>,
                                  net::asio::io_context::executor_type>
      pause_;
};

} // namespace synapse::server
