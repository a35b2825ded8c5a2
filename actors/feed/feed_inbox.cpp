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
  add(std::move(event));
}

/// @pre the lock is held
void feed_inbox::add(actors::feed_event event) {
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

namespace {
/// Whether a line tells of the dashboard's own questions or of a probe: they would drown the rest.
bool is_background(std::string_view line) {
  const auto at = line.find(" route=");
  if (at == std::string_view::npos)
    return false;
  const auto route = line.substr(at + 7);
  for (const std::string_view own : {"/api/", "/dashboard", "/events/terminal ", "/cluster ",
                                     "/livez ", "/readyz ", "/metrics ", "/health ", "/ui ", "/ "})
    if (route.starts_with(own))
      return true;
  return false;
}

/// `ts=… level=… id=…`: the level, and what follows it.
actors::feed_event read_request(std::string_view line) {
  actors::feed_event event;
  event.source = feed_inbox::access_source;
  event.level = static_cast<std::uint8_t>(telemetry::log_level::info);
  const auto at = line.find(" level=");
  if (at != std::string_view::npos) {
    line.remove_prefix(at + 7);
    const auto end = line.find(' ');
    if (const auto level = telemetry::parse_log_level(line.substr(0, end)))
      event.level = static_cast<std::uint8_t>(*level);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  event.message = line;
  return event;
}
} // namespace

void feed_inbox::add_requests(std::string_view lines, std::chrono::system_clock::time_point now) {
  using namespace std::chrono;
  const auto time_us = duration_cast<microseconds>(now.time_since_epoch()).count();
  const std::lock_guard lock{mutex_};
  if (const auto second = time_us / 1'000'000; second != std::exchange(second_, second)) {
    requests_ = 0;
    if (const auto count = std::exchange(left_out_, 0); count > 0) {
      actors::feed_event event;
      event.source = access_source;
      event.time_us = time_us;
      event.level = static_cast<std::uint8_t>(telemetry::log_level::info);
      event.message = std::to_string(count) + " more requests are not shown";
      add(std::move(event));
    }
  }
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const auto line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (is_background(line))
      continue;
    if (requests_ >= requests_per_second) {
      ++left_out_;
      continue;
    }
    ++requests_;
    auto event = read_request(line);
    event.time_us = time_us;
    add(std::move(event));
  }
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
