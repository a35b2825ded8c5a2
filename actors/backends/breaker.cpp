#include "actors/backends/breaker.hpp"

#include <algorithm>

namespace synapse::actors {

bool breaker::is_failure(attempt_result result) noexcept {
  switch (result) {
  case attempt_result::connect_failure:
  case attempt_result::connect_timeout:
  case attempt_result::reset_before_head:
  case attempt_result::reset_after_head:
  case attempt_result::response_timeout:
  case attempt_result::bad_gateway:
    return true;
  default:
    return false;
  }
}

void breaker::reconfigure(config::breaker_settings settings) {
  settings_ = settings;
  if (!settings_.enabled)
    close();
}

void breaker::open(time_ns now) {
  state_ = circuit::open;
  open_until_ = now + std::chrono::nanoseconds{settings_.cooldown}.count();
  probing_ = false;
  ++times_opened_;
}

void breaker::close() {
  state_ = circuit::closed;
  failures_ = 0;
  probing_ = false;
}

bool breaker::on_result(attempt_result result, bool probe, time_ns now) {
  if (!settings_.enabled)
    return false;
  if (probe && state_ == circuit::half_open) {
    switch (result) {
    case attempt_result::ok:
    case attempt_result::head_received:
      close();
      return true;
    case attempt_result::canceled:
      // Says nothing: the next request may probe.
      probing_ = false;
      return false;
    default:
      // Whatever else a probe met, it did not show that the backend answers.
      ++failures_;
      open(now);
      return true;
    }
  }
  if (is_failure(result)) {
    const bool was_suspect = suspect();
    ++failures_;
    if (state_ == circuit::closed && failures_ >= settings_.failures) {
      open(now);
      return true;
    }
    return !was_suspect;
  }
  if ((result == attempt_result::ok || result == attempt_result::head_received) &&
      state_ == circuit::closed && failures_ > 0) {
    failures_ = 0;
    return true;
  }
  return false;
}

bool breaker::on_time(time_ns now) {
  if (state_ != circuit::open || now < open_until_)
    return false;
  state_ = circuit::half_open;
  probing_ = false;
  return true;
}

bool breaker::on_return() {
  if (!suspect())
    return false;
  close();
  return true;
}

bool breaker::on_away(time_ns now) {
  if (!settings_.enabled || state_ != circuit::closed)
    return false;
  ++failures_;
  open(now);
  return true;
}

bool breaker::shut(time_ns now, time_ns length) {
  if (!settings_.enabled)
    return false;
  ++failures_;
  if (state_ != circuit::open)
    open(now);
  if (length > 0)
    open_until_ = std::max(open_until_, now + length);
  return true;
}

bool breaker::take_probe() {
  if (state_ != circuit::half_open || probing_)
    return false;
  probing_ = true;
  return true;
}

} // namespace synapse::actors
