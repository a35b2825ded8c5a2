#pragma once

#include "backends/engine/wav.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace synapse::backends {

/// Coefficients of one frame: the shape of the spectrum without its loudness.
inline constexpr std::size_t mfcc_size = 18;
using mfcc_frame = std::array<float, mfcc_size>;

/// What is measured of a recording every 10 ms.
struct voice_frames {
  static constexpr double seconds_each = 0.01;

  std::vector<mfcc_frame> shape;
  std::vector<float> level; ///< in dB, of full scale
  std::vector<float> pitch; ///< in Hz, 0 = no voice
  std::vector<bool> speech; ///< loud enough to be speech

  std::size_t size() const { return shape.size(); }
};

/// @returns the frames of a recording. @pre from.rate is 16000
voice_frames measure_voice(const sound& from);

} // namespace synapse::backends
