/// @file
/// A connection as a client has it, and what is written into it from the other end, on the test's
/// own thread.
#pragma once

#include "http/net/transport.hpp"
#include "http/net/virtual_clock.hpp"
#include "tests/support/self_signed.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::client {

class stream_bed {
public:
  stream_bed() {
    net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type> listening{
        io.executor()};
    listening.open(net::tcp::v4());
    listening.bind({net::asio::ip::address_v4::loopback(), 0});
    listening.listen();
    net::socket near{io.executor()};
    near.connect(listening.local_endpoint());
    far = net::make_local<net::transport>(io, listening.accept(io.executor()));
    from = net::make_local<net::transport>(io, std::move(near));
  }
  ~stream_bed() {
    from->close();
    far->close();
    io.context().poll();
  }
  stream_bed(const stream_bed&) = delete;
  stream_bed& operator=(const stream_bed&) = delete;

  /// Shakes hands with itself.
  void secure() {
    namespace ssl = net::asio::ssl;
    const auto made = test::make_certificate("backend.example");
    auto server = std::make_shared<ssl::context>(ssl::context::tls_server);
    server->use_certificate_chain(net::asio::buffer(made.pem));
    server->use_private_key(net::asio::buffer(made.key), ssl::context::pem);
    far->handshake(server, false);
    from->handshake(std::make_shared<ssl::context>(ssl::context::tls_client), true, {}, false);
    while (from->opening() || far->opening())
      wait();
    EXPECT_FALSE(from->open_error());
  }

  /// Until it has come. At most as much as the buffer has room for.
  void send(std::string_view bytes) {
    const auto all = from->bytes_read() + bytes.size();
    far->write({&bytes, 1});
    while (far->writing() || from->bytes_read() < all)
      turn();
  }
  /// The other end has nothing more to say; with TLS it says so.
  void finish() {
    far->shutdown_send();
    until_ended();
  }
  /// With TLS: without a close_notify.
  void cut() {
    far->close();
    until_ended();
  }
  void reset() {
    far->abort();
    until_ended();
  }

  net::virtual_clock clock{1'000'000'000};
  net::io_thread io{0};
  net::local_ptr<net::transport> far;
  net::local_ptr<net::transport> from;

private:
  void wait() { io.context().run_one_for(std::chrono::milliseconds{1}); }
  void turn() {
    from->read();
    wait();
  }
  void until_ended() {
    while (!from->ended())
      turn();
  }
  test::watchdog watchdog_;
};

} // namespace synapse::client
