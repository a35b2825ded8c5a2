/// @file
/// The other end of a pool's connections, on the pool's own I/O thread: a test sees both ends, and
/// there is no second thread to wait for.
#pragma once

#include "http/net/transport.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::client {

/// Lets everything run that is ready on `io` right now.
inline net::task<void> turn(net::io_thread& io) {
  auto wake = net::make_local<net::wake_point>();
  net::asio::post(io.context(), [wake] { wake->notify(); });
  co_await wake->wait();
}

/// An accepted connection. Closes at the end of its life.
class peer {
public:
  explicit peer(net::local_ptr<net::transport> end)
      : wake_(net::make_local<net::wake_point>()), end_(std::move(end)) {
    end_->attach(wake_);
  }
  peer(peer&&) noexcept = default;
  ~peer() {
    if (!end_)
      return;
    end_->attach(nullptr);
    end_->close();
  }

  net::transport* operator->() const noexcept { return end_.get(); }
  const net::wake_ptr& wake() const noexcept { return wake_; }

  /// Sends, in the background what the kernel does not take at once.
  /// @pre nothing of the last text is left.
  void send(std::string text) {
    *sent_ = std::move(text);
    const std::string_view piece = *sent_;
    end_->write({&piece, 1});
  }
  net::task<void> send_all(std::string text) {
    send(std::move(text));
    while (end_->writing())
      co_await wake_->wait();
  }

  /// All bytes up to and including `end`, or what came before the connection ended.
  net::task<std::string> read_until(std::string end) {
    std::string text;
    for (;;) {
      text += end_->input();
      end_->consume(end_->input().size());
      if (text.ends_with(end) || end_->ended())
        co_return text;
      end_->read();
      co_await wake_->wait();
    }
  }
  net::task<std::string> read_head() { return read_until("\r\n\r\n"); }

  /// Reads to the end of the connection. @returns how many bytes came before it.
  net::task<std::size_t> read_to_end() {
    std::size_t size = 0;
    for (;;) {
      size += end_->input().size();
      end_->consume(end_->input().size());
      if (end_->ended())
        co_return size;
      end_->read();
      co_await wake_->wait();
    }
  }

private:
  net::wake_ptr wake_;
  net::local_ptr<net::transport> end_;
  std::unique_ptr<std::string> sent_ = std::make_unique<std::string>();
};

/// Listens on a free port of 127.0.0.1.
class loopback_backend {
public:
  /// @param receive_buffer SO_RCVBUF of accepted connections; 0 leaves the system's.
  explicit loopback_backend(net::io_thread& io, int receive_buffer = 0)
      : io_(io), acceptor_(io.executor()) {
    acceptor_.open(net::tcp::v4());
    if (receive_buffer)
      acceptor_.set_option(net::asio::socket_base::receive_buffer_size(receive_buffer));
    acceptor_.bind({net::asio::ip::address_v4::loopback(), 0});
    acceptor_.listen();
    acceptor_.non_blocking(true);
  }

  net::tcp::endpoint address() const { return acceptor_.local_endpoint(); }

  /// The next connection, if one has come.
  std::optional<peer> try_accept() {
    net::error_code ec;
    auto accepted = acceptor_.accept(io_.executor(), ec);
    if (ec)
      return {};
    return peer{net::make_local<net::transport>(io_, std::move(accepted))};
  }
  /// Waits for the next connection.
  net::task<peer> accept() {
    for (;;) {
      if (auto accepted = try_accept())
        co_return std::move(*accepted);
      co_await turn(io_);
    }
  }

private:
  net::io_thread& io_;
  net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type> acceptor_;
};

/// An address that refuses connections as long as this lives: bound, but nobody listens.
class refusing_address {
public:
  explicit refusing_address(net::io_thread& io) : socket_(io.executor()) {
    socket_.open(net::tcp::v4());
    socket_.bind({net::asio::ip::address_v4::loopback(), 0});
  }
  net::tcp::endpoint address() const { return socket_.local_endpoint(); }

private:
  net::socket socket_;
};

} // namespace synapse::client
