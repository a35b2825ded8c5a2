/// @file
/// Runs coroutines on an I/O thread and waits for them.
#pragma once

#include "http/net/io_thread.hpp"
#include "http/net/task.hpp"
#include "tests/support/watchdog.hpp"

#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

namespace synapse::test {

/// Waits for `future`, but not for ever.
template <class T>
T get(std::future<T> future) {
  if (future.wait_for(patience) != std::future_status::ready)
    throw std::runtime_error("nothing happened for " + std::to_string(patience.count()) + " s");
  return future.get();
}

namespace detail {
/// Takes the work as a parameter: a coroutine's captures would not live as long as its frame.
inline net::task<void> report(std::function<net::task<void>()> work,
                              std::shared_ptr<std::promise<void>> done) {
  std::exception_ptr error;
  try {
    co_await work();
  } catch (...) {
    error = std::current_exception();
  }
  if (error)
    done->set_exception(error);
  else
    done->set_value();
}
} // namespace detail

/// An io_thread with a thread that runs it.
class io_runner {
public:
  io_runner() : io_runner(0) {}
  explicit io_runner(unsigned index) : io_(index), thread_([this] { io_.run(); }) {}
  ~io_runner() { stop(); }
  io_runner(const io_runner&) = delete;
  io_runner& operator=(const io_runner&) = delete;

  net::io_thread& io() noexcept { return io_; }

  /// Calls `f` on the I/O thread and returns what it returns.
  template <class F>
  auto call(F f) -> decltype(f()) {
    // Not the task itself: asio would take its future.
    auto work = std::make_shared<std::packaged_task<decltype(f())()>>(std::move(f));
    auto result = work->get_future();
    net::asio::post(io_.context(), [work] { (*work)(); });
    return get(std::move(result));
  }

  /// Runs a coroutine to its end; throws what it throws. Must be called as `run([&]() -> task
  /// ...)`: the function object lives as long as the coroutine.
  void run(std::function<net::task<void>()> work) {
    auto done = std::make_shared<std::promise<void>>();
    auto ended = done->get_future();
    net::asio::post(io_.context(), [work = std::move(work), done]() mutable {
      net::spawn(detail::report(std::move(work), std::move(done)));
    });
    get(std::move(ended));
  }

  /// Lets the loop end once nothing is left to do, and waits for that.
  void stop() {
    if (!thread_.joinable())
      return;
    io_.release();
    thread_.join();
  }

private:
  net::io_thread io_;
  std::thread thread_;
};

} // namespace synapse::test
