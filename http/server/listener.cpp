#include "http/server/listener.hpp"

#include "http/server/connection.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <spdlog/spdlog.h>

namespace synapse::server {

namespace {
using reuse_port = net::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
/// Out of descriptors or memory: trying again at once would only spin.
constexpr std::chrono::milliseconds accept_pause{100};
} // namespace

listener::listener(worker& owner, const net::tcp::endpoint& address, int backlog,
                   std::size_t max_connections, net::error_code& ec)
    : owner_(owner), acceptor_(owner.io.executor()), max_connections_(max_connections),
      pause_(owner.io.executor()) {
  acceptor_.open(address.protocol(), ec);
  if (!ec)
    acceptor_.set_option(net::asio::socket_base::reuse_address(true), ec);
  if (!ec)
    acceptor_.set_option(reuse_port(true), ec);
  if (!ec)
    acceptor_.bind(address, ec);
  if (!ec)
    acceptor_.listen(backlog, ec);
}

std::uint16_t listener::port() const {
  net::error_code ignored;
  return acceptor_.local_endpoint(ignored).port();
}

void listener::start(std::shared_ptr<net::asio::ssl::context> tls) {
  tls_ = std::move(tls);
  accept();
}

void listener::stop() {
  net::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void listener::accept() {
  acceptor_.async_accept(owner_.io.executor(), [this](net::error_code ec, net::socket stream) {
    accepted(ec, std::move(stream));
  });
}

void listener::accepted(net::error_code ec, net::socket stream) {
  if (ec == net::asio::error::operation_aborted || !acceptor_.is_open())
    return;
  if (ec) {
    spdlog::warn("cannot accept a connection: {}", ec.message());
    pause_.expires_after(accept_pause);
    pause_.async_wait([this](net::error_code cancelled) {
      if (!cancelled)
        accept();
    });
    return;
  }
  owner_.metrics->connections_total.increment();
  if (owner_.life.connections.load(std::memory_order_relaxed) >= max_connections_) {
    owner_.metrics->connections_rejected.increment();
    stream.close(ec);
  } else {
    net::make_local<connection>(owner_, std::move(stream))->start(tls_);
  }
  accept();
}

} // namespace synapse::server
