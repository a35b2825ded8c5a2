#include "http/net/io_thread.hpp"

#include "http/net/virtual_clock.hpp"

#include <algorithm>
#include <chrono>

namespace synapse::net {

namespace {
thread_local io_thread* current_thread = nullptr;
thread_local time_ns last_look = 0;
thread_local virtual_clock* own_time = nullptr; ///< of a test
constexpr time_ns quarter_second = 250'000'000;
} // namespace

io_thread::io_thread(unsigned index) : index_(index), work_(asio::make_work_guard(context_)) {}

time_ns io_thread::now() noexcept {
  if (own_time != nullptr) [[unlikely]]
    return last_look = own_time->now();
  return last_look = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count();
}

time_ns io_thread::recent() noexcept {
  return last_look ? last_look : now();
}

io_thread* io_thread::current() noexcept {
  return current_thread;
}

void io_thread::arm(timer_node& node, time_ns due) {
  wheel_.arm(node, due);
  if (slow_) {
    slow_ = false;
    schedule(timer_wheel::tick);
  }
}

void io_thread::schedule(time_ns after) {
  const auto planned = now() + after;
  if (own_time != nullptr) [[unlikely]] {
    own_time->events_.push_back({planned, [this, planned] { tick(planned); }});
    return;
  }
  timer_.expires_after(std::chrono::nanoseconds{after});
  timer_.async_wait([this, planned](error_code ec) {
    if (!ec)
      tick(planned);
  });
}

void io_thread::tick(time_ns planned) {
  const auto started = now();
  if (loop_delay_)
    loop_delay_(started - planned);
  // Nodes that fire run coroutines, which arm others: keep them from scheduling a second timer.
  slow_ = false;
  wheel_.advance(started);
  if (started >= next_hooks_) {
    next_hooks_ = started + quarter_second;
    for (auto& hook : hooks_)
      hook();
  }
  if (!work_ && wheel_.empty())
    return;
  slow_ = wheel_.empty();
  schedule(slow_ ? quarter_second : timer_wheel::tick);
}

void io_thread::run() {
  current_thread = this;
  next_hooks_ = now() + quarter_second;
  schedule(quarter_second);
  context_.run();
  for (auto& hook : hooks_)
    hook();
  current_thread = nullptr;
}

void io_thread::release() {
  asio::post(context_, [this] {
    work_.reset();
    // What is armed still has to fire: somebody may be waiting for it to end.
    if (wheel_.empty())
      timer_.cancel();
  });
}

// ---- time of a test ----

virtual_clock::virtual_clock(time_ns start) : now_(start) {
  own_time = this;
  last_look = start;
}

virtual_clock::~virtual_clock() {
  own_time = nullptr;
  last_look = 0;
  current_thread = nullptr;
}

void virtual_clock::advance(time_ns by) {
  now_ += by;
  for (;;) {
    const auto due =
        std::find_if(events_.begin(), events_.end(), [&](const event& e) { return e.due <= now_; });
    if (due == events_.end())
      return;
    const auto what = std::move(due->what);
    events_.erase(due);
    what();
  }
}

void virtual_clock::stand_for(io_thread* thread) noexcept {
  current_thread = thread;
}

} // namespace synapse::net
