#pragma once

#include <cstddef>
#include <vector>

namespace synapse::backends {

/// How many groups there may be, and when two are one.
struct cluster_limits {
  double same = 1;          ///< groups that are nearer on average are joined
  std::size_t least = 1;    ///< groups, even if they are nearer
  std::size_t most = 1'000; ///< groups, even if they are farther apart
};

/// Joins the nearest two groups again and again, beginning with every element alone (average
/// linkage).
/// @param distances a symmetric matrix, row by row
/// @returns the group of each element, numbered from 0 in the order of their first elements
std::vector<std::size_t> cluster(std::vector<float> distances, std::size_t size,
                                 const cluster_limits& limits);

} // namespace synapse::backends
