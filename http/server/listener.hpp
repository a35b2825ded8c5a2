/// @file
/// Accepts connections for one worker.
#pragma once

#include "http/server/worker.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>

namespace synapse::server {

/// Every worker has a listener of its own on the same port (SO_REUSEPORT): the kernel spreads
/// connections and no thread hands one to another. Own thread only, except the constructor.
class listener {
public:
  /// Binds and listens. @param port 0 takes a free one, see `port()`. @param ec set on failure.
  listener(worker& owner, const net::tcp::endpoint& address, int backlog,
           std::size_t max_connections, net::error_code& ec);

  std::uint16_t port() const;

  /// Begins to accept. @param tls null for plain HTTP.
  void start(std::shared_ptr<net::asio::ssl::context> tls);
  /// New connections use it; those that exist keep theirs.
  void renew_certificate(std::shared_ptr<net::asio::ssl::context> tls) { tls_ = std::move(tls); }
  void set_max_connections(std::size_t limit) noexcept { max_connections_ = limit; }
  void stop();

private:
  void accept();
  void accepted(net::error_code ec, net::socket stream);

  using acceptor = net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type>;
  worker& owner_;
  acceptor acceptor_;
  std::shared_ptr<net::asio::ssl::context> tls_;
  std::size_t max_connections_;
  net::asio::basic_waitable_timer<std::chrono::steady_clock,
                                  net::asio::wait_traits<std::chrono::steady_clock>,
                                  net::asio::io_context::executor_type>
      pause_;
};

} // namespace synapse::server
