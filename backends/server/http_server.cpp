#include "backends/server/http_server.hpp"

#include "backends/server/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace synapse::backends {

using asio::ip::tcp;
using boost::system::error_code;

http_server::http_server(asio::io_context& context, asio::thread_pool& workers, service& served,
                         http_server_options options, service_counters& counters)
    : context_(context), workers_(workers), service_(served), options_(std::move(options)),
      counters_(counters), acceptor_(context), reopen_timer_(context), port_(options_.port) {}

http_server::~http_server() = default;

std::string http_server::listen() {
  auto problem = open();
  if (problem.empty())
    port_ = acceptor_.local_endpoint().port();
  return problem;
}

std::string http_server::open() {
  error_code code;
  auto address =
      asio::ip::make_address(options_.host == "localhost" ? "127.0.0.1" : options_.host, code);
  if (code)
    return "'" + options_.host + "' is not an IP address";
  tcp::endpoint endpoint{address, port_};
  acceptor_.open(endpoint.protocol(), code);
  if (!code)
    acceptor_.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code)
    acceptor_.bind(endpoint, code);
  if (!code)
    acceptor_.listen(asio::socket_base::max_listen_connections, code);
  if (!code)
    return {};
  error_code ignored;
  acceptor_.close(ignored);
  return "cannot listen on " + options_.host + ":" + std::to_string(port_) + ": " + code.message();
}

void http_server::run() {
  asio::co_spawn(context_, accept_loop(), asio::detached);
}

asio::awaitable<void> http_server::accept_loop() {
  while (acceptor_.is_open()) {
    auto [code, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (code) {
      if (!acceptor_.is_open())
        co_return;
      // Out of descriptors, most likely: wait a little instead of spinning.
      asio::steady_timer pause{context_, std::chrono::milliseconds(20)};
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto client = std::make_shared<connection>(*this, std::move(socket));
    asio::co_spawn(context_, connection::run(std::move(client)), asio::detached);
  }
}

void http_server::stop() {
  stopped_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  reopen_timer_.cancel();
  std::vector<connection*> open_now(connections_.begin(), connections_.end());
  for (auto* each : open_now)
    each->cut();
}

void http_server::refuse(std::chrono::milliseconds duration) {
  if (stopped_)
    return;
  error_code ignored;
  acceptor_.close(ignored);
  reopen_when_due(duration);
}

void http_server::reopen_when_due(std::chrono::milliseconds duration) {
  reopen_timer_.expires_after(duration);
  reopen_timer_.async_wait([this](error_code code) {
    if (code || stopped_ || acceptor_.is_open())
      return;
    if (open().empty())
      run();
    else
      reopen_when_due(std::chrono::milliseconds(50));
  });
}

} // namespace synapse::backends
