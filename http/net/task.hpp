/// @file
/// The coroutines that carry bytes. A `task` is lazy, belongs to one I/O thread and is resumed by
/// completion handlers of that thread only; there is no executor hop and no type erasure in it,
/// which is why it costs less than asio::awaitable on the request path.
///
/// g++ 12.2 copies temporaries bitwise in `c ? co_await a() : co_await b()` and in braced
/// aggregates inside a co_await expression: neither form may be written in this code base.
#pragma once

#include "http/net/local_ptr.hpp"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace synapse::net {

namespace detail {
/// Frames are recycled per thread: a request creates the same few frames again and again.
void* allocate_frame(std::size_t size);
void release_frame(void* frame, std::size_t size) noexcept;

struct promise_base {
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept {
    release_frame(frame, size);
  }

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr error;
};
} // namespace detail

/// A coroutine that yields one `T` to the coroutine that awaits it.
template <class T = void>
class [[nodiscard]] task {
public:
  struct promise_type : detail::promise_base {
    task get_return_object() {
      return task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    std::optional<T> value;
  };

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (handle_)
      handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  T await_resume() {
    auto& promise = handle_.promise();
    if (promise.error)
      std::rethrow_exception(promise.error);
    return std::move(*promise.value);
  }

private:
  explicit task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

template <>
class [[nodiscard]] task<void> {
public:
  struct promise_type : detail::promise_base {
    task get_return_object() {
      return task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    void return_void() const noexcept {}
  };

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (handle_)
      handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  void await_resume() {
    if (handle_.promise().error)
      std::rethrow_exception(handle_.promise().error);
  }

private:
  explicit task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

namespace detail {
struct detached {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept {
      release_frame(frame, size);
    }
    detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    /// A detached task has nobody to tell: whoever spawns it catches inside.
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

inline detached run_detached(task<void> work) {
  co_await std::move(work);
}
} // namespace detail

/// Runs `work` until its first suspension now and on its own from then on. Its frame frees itself.
inline void spawn(task<void> work) {
  detail::run_detached(std::move(work));
}

/// One coroutine waits, anything on the same I/O thread may wake it. A wake-up that comes while
/// nobody waits is kept; wake-ups may be spurious, so the waiter always looks at its conditions.
/// Shared, because completion handlers may outlive the coroutine that waited.
class wake_point : public local_counted {
public:
  struct awaiter {
    wake_point& point;
    bool await_ready() const noexcept { return std::exchange(point.pending_, false); }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { point.waiter_ = waiter; }
    void await_resume() const noexcept {}
  };

  awaiter wait() noexcept { return awaiter{*this}; }

  /// Resumes the waiter before it returns. The caller may have been destroyed by then: calling this
  /// is the last thing a completion handler does.
  void notify() {
    if (waiter_)
      std::exchange(waiter_, {}).resume();
    else
      pending_ = true;
  }

private:
  std::coroutine_handle<> waiter_;
  bool pending_ = false;
};

using wake_ptr = local_ptr<wake_point>;

} // namespace synapse::net
