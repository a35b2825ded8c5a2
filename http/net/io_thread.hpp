/// @file
/// One I/O thread: an io_context that nobody else runs, its timer wheel and its clock.
#pragma once

#include "http/net/timer_wheel.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace synapse::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
/// Sockets know their executor's type: a call through any_io_executor costs on every operation.
using socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using boost::system::error_code;

class io_thread {
public:
  /// @param index 0-based; also the shard of the thread's metrics.
  explicit io_thread(unsigned index);
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;

  unsigned index() const noexcept { return index_; }
  asio::io_context& context() noexcept { return context_; }
  asio::io_context::executor_type executor() noexcept { return context_.get_executor(); }

  /// steady_clock, in nanoseconds.
  static time_ns now() noexcept;

  /// What the calling thread's last `now()` returned. Every read, every blocked write and every
  /// tick looks at the clock, so within a turn of the loop that one of them began this is off by
  /// the work of that turn only. For deadlines; a dozen looks per request add up to more than
  /// parsing it.
  static time_ns recent() noexcept;

  /// (Re)arms `node`; own thread only.
  void arm(timer_node& node, time_ns due);
  void disarm(timer_node& node) noexcept { wheel_.disarm(node); }

  /// Runs the loop in the calling thread until `release()` was called and nothing is left to do.
  void run();

  /// Lets `run()` return once the last operation has ended; any thread.
  void release();

  /// Called about four times a second on this thread, e.g. to flush logs. Before `run()` only.
  void every_quarter_second(std::function<void()> hook) { hooks_.push_back(std::move(hook)); }

  /// Called with the lateness of each tick: what an event would have waited. Before `run()` only.
  void on_loop_delay(std::function<void(time_ns)> hook) { loop_delay_ = std::move(hook); }

  /// True in the thread that runs this object.
  bool is_current() const noexcept { return current() == this; }
  static io_thread* current() noexcept;

private:
  void schedule(time_ns after);
  void tick(time_ns planned);

  unsigned index_;
  /// Sockets and timers are used by the own thread only, so the reactor needs no locks; posting
  /// stays safe from everywhere.
  asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  timer_wheel wheel_{now()};
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             asio::io_context::executor_type>
      timer_{context_.get_executor()};
  std::vector<std::function<void()>> hooks_;
  std::function<void(time_ns)> loop_delay_;
  time_ns next_hooks_ = 0;
  bool slow_ = true; ///< nothing is armed: tick four times a second only
};

} // namespace synapse::net
