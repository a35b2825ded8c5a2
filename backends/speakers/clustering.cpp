#include "backends/speakers/clustering.hpp"

#include <limits>
#include <map>

namespace synapse::backends {

namespace {

constexpr auto far_away = std::numeric_limits<float>::infinity();

class agglomeration {
public:
  agglomeration(std::vector<float> distances, std::size_t size)
      : size_(size), apart_(std::move(distances)), members_(size, 1), group_(size),
        nearest_(size, 0) {
    for (std::size_t i = 0; i < size; ++i) {
      group_[i] = i;
      at(i, i) = far_away;
    }
    for (std::size_t i = 0; i < size; ++i)
      find_nearest(i);
  }

  std::size_t run(const cluster_limits& limits) {
    auto groups = size_;
    while (groups > limits.least && groups > 1) {
      auto best = size_;
      for (std::size_t i = 0; i < size_; ++i)
        if (members_[i] > 0 && (best == size_ || gap(i) < gap(best)))
          best = i;
      if (gap(best) > limits.same && groups <= limits.most)
        break;
      join(best, nearest_[best]);
      --groups;
    }
    return groups;
  }

  const std::vector<std::size_t>& groups() const { return group_; }

private:
  float& at(std::size_t a, std::size_t b) { return apart_[a * size_ + b]; }
  float gap(std::size_t i) { return at(i, nearest_[i]); }

  void find_nearest(std::size_t i) {
    nearest_[i] = i;
    for (std::size_t k = 0; k < size_; ++k)
      if (members_[k] > 0 && at(i, k) < gap(i))
        nearest_[i] = k;
  }

  void join(std::size_t keep, std::size_t drop) {
    auto kept = static_cast<float>(members_[keep]);
    auto dropped = static_cast<float>(members_[drop]);
    members_[keep] += members_[drop];
    members_[drop] = 0;
    for (std::size_t k = 0; k < size_; ++k) {
      if (group_[k] == drop)
        group_[k] = keep;
      if (k == keep || members_[k] == 0)
        continue;
      at(keep, k) = at(k, keep) = (kept * at(keep, k) + dropped * at(drop, k)) / (kept + dropped);
    }
    for (std::size_t k = 0; k < size_; ++k)
      if (members_[k] > 0 && (k == keep || nearest_[k] == keep || nearest_[k] == drop))
        find_nearest(k);
      else if (members_[k] > 0 && at(k, keep) < gap(k))
        nearest_[k] = keep;
  }

  std::size_t size_;
  std::vector<float> apart_;
  std::vector<std::size_t> members_; // 0: the group is part of another one
  std::vector<std::size_t> group_;
  std::vector<std::size_t> nearest_;
};

} // namespace

std::vector<std::size_t> cluster(std::vector<float> distances, std::size_t size,
                                 const cluster_limits& limits) {
  agglomeration work{std::move(distances), size};
  work.run(limits);
  std::map<std::size_t, std::size_t> numbers;
  std::vector<std::size_t> out;
  for (auto group : work.groups())
    out.push_back(numbers.try_emplace(group, numbers.size()).first->second);
  return out;
}

} // namespace synapse::backends
