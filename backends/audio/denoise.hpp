#pragma once

#include "backends/engine/media.hpp"
#include "backends/engine/wav.hpp"

#include <string>

namespace synapse::backends {

/// @returns the level of what is heard between the words, in dB of full scale: that of the quietest
/// twentieth, but never below -100.
double noise_level(const sound& recording);

/// Takes noise out of a recording with ffmpeg's afftdn, told the level that was measured; the
/// length and the channels stay. Blocks.
/// @param to a WAV file, 16 bits, 48000 Hz
/// @throws engine_error
void denoise(const media& tools, const std::string& from, const std::string& to);

} // namespace synapse::backends
