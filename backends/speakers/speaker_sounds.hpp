#pragma once

#include "backends/dsp/mfcc.hpp"

#include <cstddef>
#include <vector>

namespace synapse::backends {

/// Gives each frame of speech to the group whose sounds it resembles, changing the group as seldom
/// as that allows.
/// @param speech positions of the frames of speech
/// @param groups a first guess for each of them
/// @returns the group of each of them
std::vector<std::size_t> resemble(const voice_frames& frames,
                                  const std::vector<std::size_t>& speech,
                                  std::vector<std::size_t> groups);

} // namespace synapse::backends
