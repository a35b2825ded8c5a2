#include "actors/gpus/lead/card_lease.hpp"

#include <algorithm>

namespace synapse::gpus {

namespace {
std::size_t count_of_others(const std::vector<std::string>& names, std::string_view self) {
  return static_cast<std::size_t>(std::count_if(
      names.begin(), names.end(), [&](const auto& name) { return !name.empty() && name != self; }));
}

bool is_lowest(std::string_view self, const std::vector<std::string>& names) {
  return std::none_of(names.begin(), names.end(),
                      [&](const auto& name) { return !name.empty() && name < self; });
}
} // namespace

void card_lease::heard(std::string_view self, const std::vector<std::string>& live,
                       const std::vector<std::string>& silent, time_ns notice, time_ns now) {
  if (alone_)
    return;
  length_ = std::max(term, 2 * notice);
  const auto here = count_of_others(live, self) + 1;
  const auto there = count_of_others(silent, self);
  const auto first = std::min_element(live.begin(), live.end());
  const bool half_with_lowest =
      here == there &&
      (is_lowest(self, silent) || (first != live.end() && is_lowest(*first, silent)));
  most_ = !self.empty() && (here > there || half_with_lowest);
  // Of nothing heard for a term another one may have begun to decide.
  const bool gap = now - heard_ >= length_;
  const bool lowest = most_ && is_lowest(self, live);
  if (lowest && (!lowest_ || gap))
    lowest_since_ = now;
  lowest_ = lowest;
  heard_ = now;
}

bool card_lease::holds(time_ns now) const noexcept {
  return alone_ || (lowest_ && now - lowest_since_ >= length_ && now - heard_ < length_);
}

card_lease::time_ns card_lease::due(time_ns now) const noexcept {
  if (alone_ || !lowest_ || now - heard_ >= length_)
    return 0;
  return now - lowest_since_ < length_ ? std::min(lowest_since_ + length_, heard_ + length_)
                                       : heard_ + length_;
}

} // namespace synapse::gpus
