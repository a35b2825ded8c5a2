/// @file
/// The stub on a thread of the test, and a plain client for it.
#pragma once

#include "bench/sockets.hpp"
#include "bench/stub_server.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace synapse::bench {

class running_stub {
public:
  explicit running_stub(stream_shape shape = {})
      : listener_(listen_on(*parse_address("127.0.0.1:0"))), port_(bound_port(listener_)),
        server_(listener_, shape), thread_([this] { server_.run(); }) {}
  ~running_stub() {
    server_.stop();
    thread_.join();
  }
  sockaddr_in address() const { return *parse_address("127.0.0.1:" + std::to_string(port_)); }

private:
  int listener_;
  std::uint16_t port_;
  stub_server server_;
  std::thread thread_;
};

/// Sends `request` and reads until `size` bytes came or the peer closed.
inline std::string exchange(const running_stub& stub, const std::string& request,
                            std::size_t size) {
  const sockaddr_in address = stub.address();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string got;
  char buffer[65536];
  while (got.size() < size) {
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0)
      break;
    got.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return got;
}

} // namespace synapse::bench
