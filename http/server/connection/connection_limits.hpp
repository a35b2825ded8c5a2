/// @file
/// How many connections the process has, and from whom.
#pragma once

#include "config/settings.hpp"
#include "config/values/networks.hpp"
#include "http/net/io_thread.hpp"
#include "telemetry/metric_registry.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace synapse::server {

/// The limit that a connection was beyond. It gets a reserved place then, see reserved_room.hpp.
enum class connection_limit { none, connections, address, descriptors };

/// One for all listeners. Any thread; a lock per connection, none per request.
class connection_limits {
public:
  struct rules {
    std::size_t connections = 0;          ///< of the process
    std::size_t per_address = 0;          ///< of one address, or /64 of IPv6
    std::vector<config::network> trusted; ///< addresses with many clients behind them: no limit
  };

  /// A place of an admitted connection; free again when it is gone.
  class seat {
  public:
    seat() = default;
    seat(seat&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), subject_(other.subject_) {}
    seat& operator=(seat&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(subject_, other.subject_);
      return *this;
    }
    ~seat() {
      if (of_)
        of_->leave(subject_);
    }

  private:
    friend class connection_limits;
    seat(connection_limits* of, const config::ip_address& subject) : of_(of), subject_(subject) {}
    connection_limits* of_ = nullptr;
    config::ip_address subject_;
  };

  explicit connection_limits(telemetry::metric_registry& registry);

  /// Of the configuration. @param most how many connections the process can have
  static rules rules_of(const config::settings& settings, std::size_t most);
  /// For connections from now on.
  void set_rules(rules now);

  /// @returns which limit stands against it; `none`: `place` is its.
  connection_limit enter(const config::ip_address& address, seat& place);
  /// A connection was beyond that limit: counts it, and says so in the log once per burst.
  void note(connection_limit beyond, net::time_ns now);

private:
  static constexpr std::size_t limit_count = 4;
  /// Told when it begins after a pause, and now and then while it goes on.
  struct burst {
    net::time_ns last = 0;
    net::time_ns told = 0;
    bool begins(net::time_ns now);
  };
  void leave(const config::ip_address& subject) noexcept;

  std::array<telemetry::counter, limit_count> counted_;
  std::mutex mutex_;
  rules rules_;
  std::size_t all_ = 0;
  std::map<config::ip_address, std::size_t> by_subject_;
  std::array<burst, limit_count> bursts_;
};

/// An IPv4 client is the same on a socket of both families.
config::ip_address address_of(const net::tcp::endpoint& peer);

} // namespace synapse::server
