#pragma once

#include "backends/engine/wav.hpp"

#include <vector>

namespace synapse::backends {

/// @returns the fundamental frequency in Hz every 10 ms (frame i is about 10 ms * i), 0 where there
/// is no voice. @pre from.rate is 16000
std::vector<float> pitch_track(const sound& from);

/// @returns the median of the voiced part in Hz, 0 if less than 100 ms are voiced.
float median_pitch(const sound& from);

} // namespace synapse::backends
