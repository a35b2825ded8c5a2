/// @file
/// Says of events that may come in thousands when one of them is worth a line in the log.
#pragma once

#include <chrono>
#include <optional>

namespace synapse::actors::cluster {

/// One thread. With a clock of the caller's.
class burst {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// It has happened again. @returns whether to tell: for the first after a pause, and now and then
  /// while it goes on.
  bool begins(time_point now) {
    const bool first = !last_ || now - *last_ >= pause || now - told_ >= reminder;
    last_ = now;
    if (first)
      told_ = now;
    return first;
  }

private:
  static constexpr std::chrono::seconds pause{10};
  static constexpr std::chrono::minutes reminder{10};
  std::optional<time_point> last_;
  time_point told_;
};

} // namespace synapse::actors::cluster
