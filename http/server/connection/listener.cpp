#include "http/server/connection/listener.hpp"

#include "http/server/connection/connection.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace synapse::server {

namespace {
using reuse_port = net::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using std::chrono::milliseconds;
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{1'000};
} // namespace

listener::listener(worker& owner, connection_limits& limits, const net::tcp::endpoint& address,
                   int backlog, std::size_t reserved, net::error_code& ec)
    : owner_(owner), limits_(limits), acceptor_(owner.io.executor()),
      room_(std::make_shared<reserved_room>(reserved)), pause_time_(first_pause),
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
  if (ec)
    return failed(ec);
  pause_time_ = first_pause;
  take(std::move(stream));
  accept();
}

void listener::take(net::socket stream) {
  owner_.metrics->connections_total.increment();
  net::error_code gone;
  const auto address = address_of(stream.remote_endpoint(gone));
  if (gone)
    return;
  connection_limits::seat place;
  auto beyond = connection_limit::descriptors;
  if (room_->refill())
    beyond = limits_.enter(address, place);
  if (beyond == connection_limit::none) {
    net::make_local<connection>(owner_, std::move(stream), std::move(place), nullptr)->start(tls_);
    return;
  }
  owner_.metrics->connections_rejected.increment();
  limits_.note(beyond, net::io_thread::now());
  if (room_->full())
    room_->evict();
  const auto one =
      net::make_local<connection>(owner_, std::move(stream), connection_limits::seat{}, room_);
  room_->add(*one, address);
  one->start(tls_);
}

void listener::failed(net::error_code ec) {
  namespace error = net::asio::error;
  if (ec == error::connection_aborted)
    return accept(); // of one that has left again
  const bool descriptors =
      ec == error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system;
  if (descriptors) {
    limits_.note(connection_limit::descriptors, net::io_thread::now());
    if (room_->give() || room_->evict())
      return accept();
  } else if (pause_time_ == first_pause) {
    spdlog::warn("cannot accept connections: {}", ec.message());
  }
  pause_.expires_after(pause_time_);
  pause_time_ = std::min(2 * pause_time_, longest_pause);
  pause_.async_wait([this](net::error_code cancelled) {
    if (cancelled)
      return;
    room_->refill();
    accept();
  });
}

} // namespace synapse::server
