/// @file
/// A bare TCP connection to, or from, a replica's port.
#pragma once

#include "actors/replicas/link/channel.hpp"
#include "tests/support/waiting.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace synapse::test {

using actors::cluster::owned_fd;

inline sockaddr_in loopback_address(const char* ip, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  ::inet_pton(AF_INET, ip, &result.sin_addr);
  return result;
}

class raw_peer {
public:
  explicit raw_peer(owned_fd socket) : socket_(std::move(socket)) {}
  /// @param from another address of loopback, such as 127.0.0.2
  explicit raw_peer(std::uint16_t port, const char* from = "127.0.0.1")
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto own = loopback_address(from, 0);
    const auto to = loopback_address("127.0.0.1", port);
    ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own);
    ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }

  /// As much as the other side takes at once.
  void send(std::string_view bytes) {
    [[maybe_unused]] const auto sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  /// Waits for `size` bytes. @returns what came until then, or until the end.
  std::string receive(std::size_t size) {
    std::string result;
    while (result.size() < size && readable(support::patience)) {
      char buffer[256];
      const auto got =
          ::recv(socket_.get(), buffer, std::min(sizeof buffer, size - result.size()), 0);
      if (got <= 0)
        break;
      result.append(buffer, static_cast<std::size_t>(got));
    }
    return result;
  }
  /// The other side has closed, or does within `limit`; what it says before is dropped.
  bool closed(support::milliseconds limit = support::patience) {
    const auto due = support::clock::now() + limit;
    for (;;) {
      const auto left = std::chrono::ceil<support::milliseconds>(due - support::clock::now());
      if (!readable(std::max(left, support::milliseconds{0})))
        return false;
      char buffer[256];
      if (::recv(socket_.get(), buffer, sizeof buffer, 0) <= 0)
        return true;
    }
  }

private:
  bool readable(support::milliseconds limit) const {
    pollfd waiting{socket_.get(), POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(limit.count())) > 0;
  }

  owned_fd socket_;
};

/// Listens on a free port and takes connections without a word.
class silent_listener {
public:
  silent_listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto own = loopback_address("127.0.0.1", 0);
    socklen_t size = sizeof own;
    ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), size);
    ::listen(socket_.get(), 16);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size);
    port_ = ntohs(own.sin_port);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  raw_peer accept() { return raw_peer{owned_fd{::accept(socket_.get(), nullptr, nullptr)}}; }

private:
  owned_fd socket_;
  std::uint16_t port_ = 0;
};

} // namespace synapse::test
