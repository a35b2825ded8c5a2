#include "actors/gpus/lead/card_lease.hpp"

#include <algorithm>

namespace synapse::gpus {

void card_lease::heard(std::string_view self, const std::vector<std::string>& live, time_ns now) {
  if (alone_)
    return;
  // Of nothing heard for a term another one may have begun to decide.
  const bool gap = now - heard_ >= term;
  const bool lowest =
      !self.empty() && std::none_of(live.begin(), live.end(),
                                    [&](const auto& name) { return !name.empty() && name < self; });
  if (lowest && (!lowest_ || gap))
    lowest_since_ = now;
  lowest_ = lowest;
  heard_ = now;
}

bool card_lease::holds(time_ns now) const noexcept {
  return alone_ || (lowest_ && now - lowest_since_ >= term && now - heard_ < term);
}

card_lease::time_ns card_lease::due(time_ns now) const noexcept {
  if (alone_ || !lowest_ || now - heard_ >= term)
    return 0;
  return now - lowest_since_ < term ? std::min(lowest_since_ + term, heard_ + term) : heard_ + term;
}

} // namespace synapse::gpus
