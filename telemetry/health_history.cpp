#include "telemetry/health_history.hpp"

#include <utility>

namespace synapse::telemetry {

std::string_view to_string(backend_health health) {
  switch (health) {
  case backend_health::healthy:
    return "healthy";
  case backend_health::busy:
    return "busy";
  case backend_health::unhealthy:
    return "unhealthy";
  case backend_health::unknown:
    break;
  }
  return "unknown";
}

void health_history::record(const std::map<std::string, health_sample>& round) {
  const std::lock_guard lock{mutex_};
  std::map<std::string, std::deque<health_sample>> kept;
  for (const auto& [backend, sample] : round) {
    auto samples = std::move(samples_[backend]);
    samples.push_back(sample);
    if (samples.size() > max_samples)
      samples.pop_front();
    kept.emplace(backend, std::move(samples));
  }
  samples_ = std::move(kept);
}

std::map<std::string, std::deque<health_sample>> health_history::all() const {
  const std::lock_guard lock{mutex_};
  return samples_;
}

health_sample health_history::last(const std::string& backend) const {
  const std::lock_guard lock{mutex_};
  const auto found = samples_.find(backend);
  return found == samples_.end() || found->second.empty() ? health_sample{} : found->second.back();
}

} // namespace synapse::telemetry
