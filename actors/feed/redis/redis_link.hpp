/// @file
/// The way to Redis and back: a thread with two connections, one that publishes and one that is
/// subscribed.
#pragma once

#include "actors/feed/feed_bus_stats.hpp"
#include "actors/feed/redis/name_lookup.hpp"
#include "actors/feed/redis/outgoing_queue.hpp"
#include "actors/feed/redis/redis_connection.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

namespace synapse::actors {

/// How patient a link is, and how much it holds.
struct redis_link_limits {
  using milliseconds = std::chrono::milliseconds;

  milliseconds connect_timeout{5000}; ///< from looking up the name until everything is ready
  milliseconds ping_interval{5000}; ///< both connections are asked; no answer until the next: dead
  milliseconds first_retry{100};    ///< doubled up to the last one, and up to half of it taken off
  milliseconds last_retry{5000};    ///< also what follows a refusal
  milliseconds dropped_interval{60'000}; ///< lost lines are told no more often
  queue_limits queue;
  std::size_t unanswered = 256; ///< lines on their way to the server
};

/// All are called on the link's thread; they must not block, nor end the link.
struct redis_link_callbacks {
  std::function<void(const redis_reply& message)> message; ///< something was published
  std::function<void()> pause;     ///< all messages that came together have been told
  std::function<void()> connected; ///< subscribed, and able to publish
  /// An attempt has failed, or a connection was lost.
  std::function<void(const redis_fault& fault)> lost;
  /// So many more lines were lost: told when nothing waits any more, or after the interval.
  std::function<void(std::uint64_t count)> dropped;
  std::function<void(const std::string& why)> refused; ///< a line; once per connection
};

struct redis_link_parts {
  config::redis_url url;
  std::string channel;
  std::string ca_file; ///< empty: the system's authorities
  redis_link_limits limits;
  redis_link_callbacks callbacks;
  std::shared_ptr<feed_bus_stats> stats; ///< never null
  blocking_lookup lookup = &system_lookup;
};

class redis_link {
public:
  /// Starts the thread, which tries to connect until the link is gone.
  explicit redis_link(redis_link_parts parts);
  redis_link(const redis_link&) = delete;
  redis_link& operator=(const redis_link&) = delete;
  /// Ends the thread at once; what is not sent is lost. Not on the link's thread.
  ~redis_link();

  /// Any thread; never waits for the server. Lines that find no answer before a connection is lost
  /// are sent again by the next one, so they may come twice.
  void publish(const feed_batch_ptr& batch);

private:
  using clock = std::chrono::steady_clock;

  void run();
  void try_to_connect();
  void connect(const tcp_endpoints& endpoints, clock::time_point deadline);
  std::shared_ptr<redis_connection> make_connection(connection_role role, const redis_tls& tls);
  void on_ready();
  void on_fault(const redis_fault& fault);
  void wait_and_retry(bool refused);
  void pump();
  void on_answered(const std::string& refusal);
  void count_dropped(std::uint64_t count);
  void tell_dropped(bool all_gone);

  const redis_link_parts parts_;
  outgoing_queue queue_;
  std::atomic<bool> awake_{false}; ///< a call of `pump` is under way
  std::atomic<std::uint64_t> untold_drops_{0};

  boost::asio::io_context io_{1}; ///< from here on: the link's thread only
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  boost::asio::steady_timer timer_{io_};
  name_lookup lookup_;
  std::shared_ptr<redis_connection> subscriber_;
  std::shared_ptr<redis_connection> publisher_;
  std::deque<outgoing_event> unanswered_;
  bool looking_up_ = false;
  unsigned ready_ = 0; ///< connections
  bool refusal_told_ = false;
  bool was_connected_ = false;
  clock::time_point connected_since_{};
  unsigned failures_ = 0; ///< in a row
  std::optional<clock::time_point> drops_told_at_;
  std::minstd_rand random_{std::random_device{}()};

  std::thread thread_;
};

} // namespace synapse::actors
