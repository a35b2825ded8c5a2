/// @file
/// How long somebody waits for an answer.
#pragma once

#include "http/net/io_thread.hpp"
#include "http/net/local_ptr.hpp"
#include "http/net/task.hpp"

#include <vector>

namespace synapse::client {

/// Ends fetches before their time. Own thread only.
class canceler final : public net::local_counted {
public:
  /// Ends all fetches that have it, also those that come later, with `canceled`.
  void cancel();
  bool canceled() const noexcept { return canceled_; }

private:
  friend class patience;
  std::vector<net::wake_ptr> waiting_;
  bool canceled_ = false;
};
using canceler_ptr = net::local_ptr<canceler>;

/// Of one coroutine, on its thread: wakes it when its time is over or it is canceled.
class patience {
public:
  /// @param cancel may be null.
  patience(net::io_thread& io, net::time_ns due, canceler_ptr cancel);
  patience(const patience&) = delete;
  patience& operator=(const patience&) = delete;
  ~patience();

  /// For whoever else may wake the coroutine.
  const net::wake_ptr& wake() const noexcept { return timer_.wake; }
  net::wake_point::awaiter wait() const noexcept { return timer_.wake->wait(); }

  bool over() const noexcept { return timed_out() || (cancel_ && cancel_->canceled()); }
  /// That comes first: what is canceled when its time is over has timed out.
  bool timed_out() const noexcept { return timer_.passed; }
  /// Another end than before.
  void put_off(net::time_ns due) { io_.arm(timer_, due); }

private:
  struct deadline final : net::timer_node {
    net::wake_ptr wake = net::make_local<net::wake_point>();
    bool passed = false;
    void on_timer() override;
  };

  net::io_thread& io_;
  deadline timer_;
  canceler_ptr cancel_;
};

} // namespace synapse::client
