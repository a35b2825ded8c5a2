/// @file
/// A backend on a loopback socket that a test plays, in the test's own thread and time.
#pragma once

#include "actors/protocol/permit_messages.hpp"
#include "http/net/io_thread.hpp"

#include <boost/asio.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::actors {

inline std::string http_answer(int status, const std::string& body = "ok") {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Nothing here waits: `pump` does what can be done.
class played_backend {
public:
  explicit played_backend(net::io_thread& io) : io_(io), acceptor_(io.executor()) { listen(0); }

  backend_address address() const {
    backend_address result;
    result.ip = {127, 0, 0, 1};
    result.port = port_;
    return result;
  }

  /// What a path is answered with; nothing where it is not here.
  std::map<std::string, std::string> answers;
  /// Instead of nothing; empty: nothing.
  std::string otherwise;
  bool hang_up = false; ///< instead of answering
  std::vector<std::string> heads;
  std::vector<std::string> bodies; ///< of the same requests
  std::size_t connections = 0;
  /// Of them, those that are still open.
  std::size_t open() const noexcept { return ends_.size(); }

  std::vector<std::string> paths() const {
    std::vector<std::string> result;
    for (const auto& head : heads)
      result.push_back(path_of(head));
    return result;
  }
  std::size_t asked(std::string_view path) const {
    std::size_t count = 0;
    for (const auto& head : heads)
      count += path_of(head) == path ? 1U : 0U;
    return count;
  }

  /// Goes, with all connections.
  void refuse() {
    acceptor_.close();
    ends_.clear();
  }
  /// Comes back where it was.
  void come_back() { listen(port_); }

  void pump() {
    net::error_code ec;
    if (acceptor_.is_open())
      if (auto accepted = acceptor_.accept(io_.executor(), ec); !ec) {
        accepted.non_blocking(true);
        ends_.push_back({std::move(accepted), {}, {}});
        ++connections;
      }
    for (auto& end : ends_)
      serve(end);
    std::erase_if(ends_, [](const auto& end) { return !end.socket.is_open(); });
  }

private:
  struct connection {
    net::socket socket;
    std::string received;
    std::string unsent; ///< the kernel did not take it yet
  };

  static std::string path_of(const std::string& head) {
    const auto from = head.find(' ') + 1;
    return head.substr(from, head.find(' ', from) - from);
  }

  void listen(std::uint16_t port) {
    acceptor_.open(net::tcp::v4());
    acceptor_.set_option(net::asio::socket_base::reuse_address{true});
    acceptor_.bind({net::asio::ip::address_v4::loopback(), port});
    acceptor_.listen();
    acceptor_.non_blocking(true);
    port_ = acceptor_.local_endpoint().port();
  }

  static std::size_t body_size_of(std::string_view head) {
    constexpr std::string_view field = "Content-Length: ";
    const auto at = head.find(field);
    return at == std::string_view::npos
               ? 0
               : std::strtoul(head.data() + at + field.size(), nullptr, 10);
  }

  void serve(connection& end) {
    std::array<char, 4096> piece;
    net::error_code ec;
    if (!end.unsent.empty())
      end.unsent.erase(0, end.socket.write_some(net::asio::buffer(end.unsent), ec));
    const auto size = end.socket.read_some(net::asio::buffer(piece), ec);
    if (ec == net::asio::error::would_block)
      return;
    if (ec) {
      end.socket.close();
      return;
    }
    end.received.append(piece.data(), size);
    const auto head_end = end.received.find("\r\n\r\n");
    if (head_end == std::string::npos)
      return;
    const auto head_size = head_end + 4;
    const auto whole = head_size + body_size_of(end.received);
    if (end.received.size() < whole)
      return;
    heads.push_back(end.received.substr(0, head_size));
    bodies.push_back(end.received.substr(head_size));
    end.received.clear();
    answer(end);
  }

  void answer(connection& end) {
    if (hang_up) {
      end.socket.close();
      return;
    }
    if (const auto found = answers.find(path_of(heads.back())); found != answers.end())
      end.unsent = found->second;
    else
      end.unsent = otherwise;
  }

  net::io_thread& io_;
  net::asio::basic_socket_acceptor<net::tcp, net::asio::io_context::executor_type> acceptor_;
  std::uint16_t port_ = 0;
  std::vector<connection> ends_;
};

} // namespace synapse::actors
