/// @file
/// Ends the whole test program when a test does not get on: a hang becomes a failure with a name.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

namespace synapse::test {

/// How long a test waits for something that has to happen; far beyond what a slow machine needs.
inline constexpr std::chrono::seconds patience{30};

/// Aborts unless it is destroyed in time. One per test.
class watchdog {
public:
  explicit watchdog(std::chrono::seconds limit = patience)
      : name_(name_of_current_test()), thread_([this, limit] { watch(limit); }) {}
  ~watchdog() {
    {
      std::lock_guard guard{mutex_};
      done_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

private:
  static std::string name_of_current_test() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    return info ? std::string{info->test_suite_name()} + '.' + info->name() : "(no test)";
  }

  void watch(std::chrono::seconds limit) {
    std::unique_lock guard{mutex_};
    if (changed_.wait_for(guard, limit, [this] { return done_; }))
      return;
    std::fprintf(stderr, "%s did not end within %lld s\n", name_.c_str(),
                 static_cast<long long>(limit.count()));
    std::abort();
  }

  std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

} // namespace synapse::test
