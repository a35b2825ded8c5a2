#include "actors/feed/feed_inbox.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace synapse::feed {

void feed_inbox::on_first_line(std::function<void()> wake) {
  const std::lock_guard lock{mutex_};
  wake_ = std::move(wake);
  closed_ = false;
  if (!lines_.empty())
    wake_();
}

void feed_inbox::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  wake_ = nullptr;
  lines_ = {};
  oldest_ = 0;
}

void feed_inbox::on_line(const telemetry::log_line& line) {
  actors::feed_event event;
  event.time_us =
      std::chrono::duration_cast<std::chrono::microseconds>(line.time.time_since_epoch()).count();
  event.level = static_cast<std::uint8_t>(line.level);
  event.source = line.source;
  event.message = line.message;
  const std::lock_guard lock{mutex_};
  if (closed_)
    return;
  if (lines_.size() < max_lines_) {
    lines_.push_back(std::move(event));
    if (lines_.size() == 1 && wake_)
      wake_();
    return;
  }
  lines_[oldest_] = std::move(event);
  oldest_ = (oldest_ + 1) % max_lines_;
  ++dropped_;
}

std::vector<actors::feed_event> feed_inbox::take() {
  std::vector<actors::feed_event> result;
  std::size_t oldest = 0;
  {
    const std::lock_guard lock{mutex_};
    result.swap(lines_);
    oldest = std::exchange(oldest_, 0);
  }
  std::rotate(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(oldest), result.end());
  return result;
}

std::uint64_t feed_inbox::dropped() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

} // namespace synapse::feed
