/// @file
/// Which lines of other processes have been seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace synapse::feed {

/// Lets each line of an origin through once, in order: a bus may repeat lines, two buses may carry
/// the same ones. Remembers a bounded number of origins; the one that has been silent for longest
/// is forgotten first.
class known_origins {
public:
  static constexpr std::size_t default_origins = 1024;
  explicit known_origins(std::size_t max_origins = default_origins) : max_(max_origins) {}

  /// @returns false for a line that is not newer than what has come from its origin.
  bool is_new(std::uint64_t origin, std::uint64_t number);

private:
  struct entry {
    std::uint64_t last;
    std::list<std::uint64_t>::iterator place;
  };
  std::size_t max_;
  std::unordered_map<std::uint64_t, entry> entries_;
  std::list<std::uint64_t> order_; ///< the one heard last is in front
};

} // namespace synapse::feed
