/// @file
/// Something that is done again and again.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>

namespace synapse::app {

/// On the thread that runs the io_context, which calls the members, too.
class ticker {
public:
  ticker(boost::asio::io_context& context, std::chrono::milliseconds interval,
         std::function<void()> work)
      : timer_(context), interval_(interval), work_(std::move(work)) {}

  /// Waits, then works, then waits anew.
  void start() {
    timer_.expires_after(interval_);
    timer_.async_wait([this](boost::system::error_code ec) {
      if (ec)
        return;
      work_();
      start();
    });
  }
  void stop() { timer_.cancel(); }

private:
  boost::asio::steady_timer timer_;
  const std::chrono::milliseconds interval_;
  const std::function<void()> work_;
};

} // namespace synapse::app
