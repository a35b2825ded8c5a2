#include "tests/support/waiting.hpp"

#include <thread>

namespace synapse::support {

bool wait_until(const std::function<bool()>& holds, milliseconds limit) {
  const auto due = clock::now() + limit;
  while (!holds()) {
    if (clock::now() >= due)
      return holds();
    std::this_thread::sleep_for(milliseconds{3});
  }
  return true;
}

void pace(milliseconds time) {
  std::this_thread::sleep_for(time);
}

void gate::open() {
  const std::lock_guard lock{mutex_};
  open_ = true;
  changed_.notify_all();
}

bool gate::wait(milliseconds limit) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, limit, [this] { return open_; });
}

bool gate::is_open() const {
  const std::lock_guard lock{mutex_};
  return open_;
}

} // namespace synapse::support
