/// @file
/// Kept connections to one backend, for one I/O thread.
#pragma once

#include "http/net/transport.hpp"
#include "telemetry/metrics.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace synapse::client {

class upstream_pool;

/// One keep-alive connection to a backend. While it is idle a read is outstanding, so that a close
/// by the backend takes it out of the pool at once instead of failing the next request.
class upstream_connection final : public net::transport {
public:
  upstream_connection(net::io_thread& io, const net::tcp::endpoint& to);

  const net::tcp::endpoint& address() const noexcept { return address_; }
  /// True once it has carried a request before: a failure may mean that it was stale.
  bool reused() const noexcept { return reused_; }

private:
  friend class upstream_pool;
  void on_unattended() override;

  struct idle_timer final : net::timer_node {
    upstream_connection* owner = nullptr;
    void on_timer() override;
  };

  net::tcp::endpoint address_;
  upstream_pool* pool_ = nullptr; ///< while idle
  idle_timer timer_;
  bool reused_ = false;
};

using connection_ptr = net::local_ptr<upstream_connection>;

struct pool_options {
  std::size_t max_idle = 64;
  net::time_ns idle_timeout = 4'000'000'000;
  std::shared_ptr<net::asio::ssl::context> tls; ///< null: plain TCP
  std::string server_name;                      ///< SNI and verified name
  bool verify = true;
  std::optional<telemetry::gauge> idle;   ///< counts kept connections
  std::optional<telemetry::gauge> active; ///< counts connections in use
};

class upstream_pool final : public net::local_counted {
public:
  upstream_pool(net::io_thread& io, pool_options options);
  upstream_pool(const upstream_pool&) = delete;
  upstream_pool& operator=(const upstream_pool&) = delete;
  ~upstream_pool() override;

  /// The most recently used idle connection to `address`, or null. Attached to nobody yet.
  connection_ptr take(const net::tcp::endpoint& address);

  /// A new connection that begins to connect; `wake` is told. After TCP, call `secure`.
  connection_ptr open(const net::tcp::endpoint& address, net::wake_ptr wake);

  /// True if the connection needs a TLS handshake; then it has been started.
  bool secure(upstream_connection& connection);

  /// Takes a connection whose answer was read to its end. Closes the one that was idle for longest
  /// when there is no room.
  void give_back(connection_ptr connection);

  /// Closes a connection that was taken or opened here.
  void discard(connection_ptr connection);

  std::size_t idle() const noexcept { return idle_.size(); }
  net::io_thread& io() noexcept { return io_; }

private:
  friend class upstream_connection;
  void drop(upstream_connection& connection);
  void count_idle(int change) const noexcept;
  void count_active(int change) const noexcept;

  net::io_thread& io_;
  pool_options options_;
  std::vector<connection_ptr> idle_; ///< most recently used last
};

} // namespace synapse::client
