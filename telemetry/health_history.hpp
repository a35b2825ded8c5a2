/// @file
/// How the backends have been lately.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace synapse::telemetry {

enum class backend_health : std::uint8_t { unknown, healthy, busy, unhealthy };
std::string_view to_string(backend_health health);

struct health_sample {
  std::int64_t at_ms = 0; ///< milliseconds since 1970
  backend_health health = backend_health::unknown;
  double latency_ms = -1; ///< of the probe; below 0: it was not answered
  std::string path;       ///< that was asked instead of the configured one; empty: that one was
  std::string reason;     ///< why it is not healthy; empty: it is
};

/// A bounded number of samples per backend. Any thread.
class health_history {
public:
  static constexpr std::size_t max_samples = 120;

  /// Adds a round: one sample per backend. Backends that are not in it are forgotten.
  void record(const std::map<std::string, health_sample>& round);
  /// By backend, oldest first.
  std::map<std::string, std::deque<health_sample>> all() const;
  /// Of the last round; unknown for a backend that was in none.
  health_sample last(const std::string& backend) const;

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<health_sample>> samples_;
};

} // namespace synapse::telemetry
