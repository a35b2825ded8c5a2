/// @file
/// One connection to Redis: logs in, is asked now and then whether it still answers. One thread at
/// a time: the one that runs the io_context.
#pragma once

#include "actors/feed/redis/redis_protocol.hpp"
#include "actors/feed/redis/redis_stream.hpp"
#include "config/values/redis_url.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace synapse::actors {

/// Why there is no connection (any more). The text has no secrets.
struct redis_fault {
  std::string why;
  bool refused = false; ///< it would be the same again soon: a wrong password, a wrong certificate
};

enum class connection_role : std::uint8_t { subscriber, publisher };

struct connection_options {
  config::redis_url url;
  std::string channel;
  std::chrono::milliseconds ping_interval{};
  redis_tls tls; ///< null: plain
};

class redis_connection : public std::enable_shared_from_this<redis_connection> {
public:
  using clock = std::chrono::steady_clock;

  /// None is called after `close`, nor by the functions that are called here. They may call
  /// `close`.
  struct handlers {
    std::function<void()> ready;                   ///< logged in, and subscribed
    std::function<void(const redis_fault&)> ended; ///< once; the connection is closed
    /// Of a publisher: the oldest `publish` was answered. `refusal` is empty when all is well.
    std::function<void(const std::string& refusal)> answered;
    std::function<void(const redis_reply&)> message; ///< of a subscriber: what was published
    std::function<void()> pause; ///< all replies that came together have been told
  };

  redis_connection(boost::asio::io_context& io, connection_role role, connection_options options,
                   handlers told);

  /// Begins. What is not ready by `deadline` ends.
  void start(const tcp_endpoints& endpoints, clock::time_point deadline);
  /// Publishes; goes out at once, or behind what is being written. Only when ready.
  void publish(std::string_view message);
  /// Bytes that the system has not taken yet.
  std::size_t unsent() const noexcept { return waiting_.size() + writing_.size(); }
  void close();

private:
  enum class command : std::uint8_t { auth, select, subscribe, ping, publish };

  void log_in();
  void wait_for_login(clock::time_point deadline);
  void end(redis_fault fault);
  void on_error(const boost::system::error_code& error);
  void send();
  void read();
  void on_read(std::size_t bytes);
  void on_reply(const redis_reply& reply);
  void on_message(const redis_reply& reply);
  void on_ready();
  void ask_whether_alive();
  void append(command what, std::initializer_list<std::string_view> words);
  redis_fault refusal(command what, const std::string& text) const;

  const connection_role role_;
  const connection_options options_;
  const handlers handlers_;
  redis_stream stream_;
  redis_reader reader_;
  boost::asio::steady_timer timer_;
  std::deque<command> expected_; ///< sent and not answered; nothing of a subscriber once ready
  std::string waiting_;          ///< to be written next
  std::string writing_;
  std::array<char, 16 * 1024> input_;
  bool ready_ = false;
  bool closed_ = false;
  bool heard_ = false; ///< anything since the last PING
};

} // namespace synapse::actors
