#include "telemetry/latency_sketch.hpp"

#include <array>
#include <cmath>

namespace synapse::telemetry {

namespace {

/// Finds the values of three ranks in one walk over bins in ascending order.
class rank_walk {
public:
  explicit rank_walk(std::uint64_t total) : total_(total) {}

  void take(std::size_t bin, std::uint64_t count) {
    below_ += count;
    while (next_ < parts_.size() && below_ >= rank(parts_[next_]))
      values_[next_++] = sketch::middle_of(bin) / 1e6;
  }
  percentiles result() const { return {values_[0], values_[1], values_[2]}; }

private:
  /// Nearest rank, from 1.
  std::uint64_t rank(double part) const {
    return static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(total_)));
  }

  static constexpr std::array<double, 3> parts_{0.50, 0.95, 0.99};
  std::uint64_t total_;
  std::uint64_t below_ = 0;
  std::size_t next_ = 0;
  std::array<double, 3> values_{};
};

} // namespace

double sketch::middle_of(std::size_t bin) noexcept {
  constexpr std::size_t per_octave = std::size_t{1} << bins_per_octave_bits;
  if (bin == 0)
    return std::ldexp(0.5, first_octave);
  const auto octave = static_cast<int>(first_octave + ((bin - 1) >> bins_per_octave_bits));
  const auto within = static_cast<double>((bin - 1) & (per_octave - 1));
  if (bin + 1 >= bins)
    return std::ldexp(1.0, last_octave);
  return std::ldexp(1.0 + (within + 0.5) / static_cast<double>(per_octave), octave);
}

std::optional<percentiles> percentiles_of(std::span<const std::uint32_t> counts) {
  std::uint64_t total = 0;
  for (const auto count : counts)
    total += count;
  if (total == 0)
    return {};
  rank_walk walk{total};
  for (std::size_t bin = 0; bin < counts.size(); ++bin)
    if (counts[bin] > 0)
      walk.take(bin, counts[bin]);
  return walk.result();
}

std::optional<percentiles> percentiles_of(const sparse_counts& counts) {
  std::uint64_t total = 0;
  for (const auto& [bin, count] : counts)
    total += count;
  if (total == 0)
    return {};
  rank_walk walk{total};
  for (const auto& [bin, count] : counts)
    walk.take(bin, count);
  return walk.result();
}

sparse_counts growth_of(const sketch_counts& before, const sketch_counts& now) {
  sparse_counts result;
  for (std::size_t bin = 0; bin < now.size(); ++bin) {
    const std::uint32_t more = now[bin] - (bin < before.size() ? before[bin] : 0);
    if (more > 0)
      result.emplace_back(static_cast<std::uint16_t>(bin), more);
  }
  return result;
}

void merge(sparse_counts& to, const sparse_counts& more) {
  sparse_counts sum;
  sum.reserve(to.size() + more.size());
  auto a = to.begin();
  auto b = more.begin();
  while (a != to.end() || b != more.end()) {
    if (b == more.end() || (a != to.end() && a->first < b->first)) {
      sum.push_back(*a++);
    } else if (a == to.end() || b->first < a->first) {
      sum.push_back(*b++);
    } else {
      sum.emplace_back(a->first, a->second + b->second);
      ++a;
      ++b;
    }
  }
  to = std::move(sum);
}

} // namespace synapse::telemetry
