#include "bench/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace synapse::bench {

std::size_t histogram::index_of(std::uint64_t value) {
  if (value < 2 * half_)
    return value;
  const unsigned exponent = static_cast<unsigned>(std::bit_width(value)) - (sub_bits_ + 1);
  return exponent * half_ + static_cast<std::size_t>(value >> exponent);
}

std::uint64_t histogram::middle_of(std::size_t index) {
  if (index < 2 * half_)
    return index;
  const std::size_t exponent = index / half_ - 1;
  const std::uint64_t low = static_cast<std::uint64_t>(index - exponent * half_) << exponent;
  return low + (std::uint64_t{1} << exponent) / 2;
}

void histogram::record(std::uint64_t value) {
  ++cells_[index_of(value)];
  ++count_;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void histogram::clear() {
  *this = histogram{};
}

double histogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::uint64_t histogram::percentile(double percent) const {
  if (count_ == 0)
    return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    seen += cells_[i];
    if (seen >= rank)
      return std::clamp(middle_of(i), min_, max_);
  }
  return max_;
}

} // namespace synapse::bench
