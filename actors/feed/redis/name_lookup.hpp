/// @file
/// Addresses of a host without waiting for the system's resolver, which blocks and cannot be told
/// to stop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace synapse::actors {

using tcp_endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// Asks for addresses and may take its time. Called on a thread of its own, which nobody waits for:
/// it must not refer to anything that may go.
using blocking_lookup =
    std::function<tcp_endpoints(const std::string& host, std::uint16_t port, std::string& problem)>;

/// getaddrinfo; IPv4 addresses come first.
tcp_endpoints system_lookup(const std::string& host, std::uint16_t port, std::string& problem);

/// At most one question is under way, on a detached thread. Used by the thread that runs `io`.
class name_lookup {
public:
  using handler = std::function<void(const tcp_endpoints& found, const std::string& problem)>;

  name_lookup(boost::asio::io_context& io, blocking_lookup lookup);
  name_lookup(const name_lookup&) = delete;
  name_lookup& operator=(const name_lookup&) = delete;
  /// What is still being asked is abandoned: nobody is told, and `io` may go.
  ~name_lookup();

  /// `done` is called by `io`, not from here, with addresses or with what is wrong. A question that
  /// is still under way is not asked twice: its answer goes to the latest caller alone.
  void start(const std::string& host, std::uint16_t port, handler done);
  /// The latest caller does not want to know any more.
  void forget();

private:
  struct question;
  static void answer(const std::shared_ptr<question>& shared);

  boost::asio::io_context& io_;
  blocking_lookup lookup_;
  std::shared_ptr<question> question_; ///< null: none under way
  handler done_;
};

} // namespace synapse::actors
