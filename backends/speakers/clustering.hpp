#pragma once

#include "backends/dsp/mfcc.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace synapse::backends {

/// The sounds of a piece of speech as one normal distribution with all its covariances.
class sound_statistics {
public:
  /// Coefficients of the spectrum, and the pitch.
  static constexpr std::size_t size = 15;
  using values = std::array<double, size>;

  void add(const values& frame);
  void add(const sound_statistics& other);

  double frames() const { return frames_; }

  /// @returns the logarithm of the determinant of the covariances.
  double spread() const;

private:
  double frames_ = 0;
  values sum_{};
  std::array<values, size> products_{};
};

/// How many groups there may be.
struct group_limits {
  std::size_t least = 1;
  std::size_t most = 1'000'000;
};

/// Joins the two pieces that are most likely of one speaker, again and again, until the Bayesian
/// information criterion says that no two are: beginning with every piece alone.
/// @returns the group of each piece, numbered from 0 in the order of their first pieces
std::vector<std::size_t> group_by_speaker(std::vector<sound_statistics> pieces,
                                          const group_limits& limits);

} // namespace synapse::backends
