#include "backends/speakers/clustering.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace synapse::backends {

namespace {

constexpr auto far_away = std::numeric_limits<double>::infinity();

// Neighboring frames resemble each other, so they tell less than as many independent ones: the
// usual weight of 1 would never join anything.
constexpr double penalty_weight = 2.3;

// Joins the nearest two groups again and again.
class agglomeration {
public:
  explicit agglomeration(std::vector<sound_statistics> pieces)
      : size_(pieces.size()), pieces_(std::move(pieces)), alive_(size_, true),
        apart_(size_ * size_, far_away), nearest_(size_) {
    for (std::size_t i = 0; i < size_; ++i) {
      group_.push_back(i);
      spread_.push_back(pieces_[i].spread());
    }
    for (std::size_t i = 0; i < size_; ++i)
      for (std::size_t k = i + 1; k < size_; ++k)
        at(i, k) = at(k, i) = criterion(i, k);
    for (std::size_t i = 0; i < size_; ++i)
      find_nearest(i);
  }

  void run(const group_limits& limits) {
    for (auto groups = size_; groups > limits.least && groups > 1; --groups) {
      auto best = size_;
      for (std::size_t i = 0; i < size_; ++i)
        if (alive_[i] && (best == size_ || gap(i) < gap(best)))
          best = i;
      if (gap(best) > 0 && groups <= limits.most)
        break;
      join(best, nearest_[best]);
    }
  }

  const std::vector<std::size_t>& groups() const { return group_; }

private:
  double& at(std::size_t a, std::size_t b) { return apart_[a * size_ + b]; }
  double gap(std::size_t i) { return at(i, nearest_[i]); }

  // Above zero: two speakers explain the sounds better than one, even for twice the numbers.
  double criterion(std::size_t a, std::size_t b) const {
    auto both = pieces_[a];
    both.add(pieces_[b]);
    constexpr double d = sound_statistics::size;
    constexpr double numbers = d + d * (d + 1) / 2;
    auto gain = both.frames() * both.spread() - pieces_[a].frames() * spread_[a] -
                pieces_[b].frames() * spread_[b];
    return 0.5 * (gain - penalty_weight * numbers * std::log(both.frames()));
  }

  void find_nearest(std::size_t i) {
    nearest_[i] = i; // infinitely far
    for (std::size_t k = 0; k < size_; ++k)
      if (alive_[k] && at(i, k) < gap(i))
        nearest_[i] = k;
  }

  void join(std::size_t keep, std::size_t drop) {
    pieces_[keep].add(pieces_[drop]);
    spread_[keep] = pieces_[keep].spread();
    alive_[drop] = false;
    for (std::size_t k = 0; k < size_; ++k) {
      if (group_[k] == drop)
        group_[k] = keep;
      if (k != keep && alive_[k])
        at(keep, k) = at(k, keep) = criterion(keep, k);
    }
    for (std::size_t k = 0; k < size_; ++k)
      if (alive_[k])
        find_nearest(k);
  }

  std::size_t size_;
  std::vector<sound_statistics> pieces_;
  std::vector<double> spread_;
  std::vector<bool> alive_; // false: part of another group
  std::vector<double> apart_;
  std::vector<std::size_t> nearest_;
  std::vector<std::size_t> group_;
};

} // namespace

void sound_statistics::add(const values& frame) {
  ++frames_;
  for (std::size_t i = 0; i < size; ++i) {
    sum_[i] += frame[i];
    for (std::size_t k = 0; k <= i; ++k)
      products_[i][k] += frame[i] * frame[k];
  }
}

void sound_statistics::add(const sound_statistics& other) {
  frames_ += other.frames_;
  for (std::size_t i = 0; i < size; ++i) {
    sum_[i] += other.sum_[i];
    for (std::size_t k = 0; k <= i; ++k)
      products_[i][k] += other.products_[i][k];
  }
}

double sound_statistics::spread() const {
  static constexpr double smallest = 0.01; // of a variance
  // Cholesky's decomposition; the determinant is the product of the squares of its diagonal.
  std::array<values, size> root{};
  double out = 0;
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t k = 0; k <= i; ++k) {
      auto sum = products_[i][k] / frames_ - sum_[i] / frames_ * sum_[k] / frames_;
      if (i == k)
        sum += smallest;
      for (std::size_t j = 0; j < k; ++j)
        sum -= root[i][j] * root[k][j];
      if (i != k) {
        root[i][k] = sum / root[k][k];
        continue;
      }
      sum = std::max(sum, smallest / 10);
      root[i][i] = std::sqrt(sum);
      out += std::log(sum);
    }
  return out;
}

std::vector<std::size_t> group_by_speaker(std::vector<sound_statistics> pieces,
                                          const group_limits& limits) {
  agglomeration work{std::move(pieces)};
  work.run(limits);
  std::map<std::size_t, std::size_t> numbers;
  std::vector<std::size_t> out;
  for (auto group : work.groups())
    out.push_back(numbers.try_emplace(group, numbers.size()).first->second);
  return out;
}

} // namespace synapse::backends
