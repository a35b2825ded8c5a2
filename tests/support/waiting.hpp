/// @file
/// Waiting for conditions, with an end. Tests poll or block here and never sleep for a fixed time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace synapse::support {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// True in builds with -fsanitize=address or thread: slower, and memory is no measure there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// How long anything that has to happen may take. Long: only a failing test waits for its end.
inline constexpr milliseconds patience{sanitized ? 40'000 : 20'000};

/// Asks until `holds` says true or `limit` is over. @returns the last answer.
bool wait_until(const std::function<bool()>& holds, milliseconds limit = patience);

/// Lets time pass for a peer whose slowness is what a test is about. Never a way to wait for
/// anything.
void pace(milliseconds time);

/// One thread waits until another one opens it. Stays open.
class gate {
public:
  void open();
  /// @returns false when nobody opened it within `limit`.
  bool wait(milliseconds limit = patience);
  bool is_open() const;

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

} // namespace synapse::support
