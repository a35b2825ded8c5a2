#pragma once

#include "backends/dsp/mfcc.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace synapse::backends {

/// What the caller knows of the number of speakers.
struct speaker_limits {
  std::optional<std::size_t> exactly;
  std::optional<std::size_t> least;
  std::optional<std::size_t> most;
};

/// Somebody speaks. Speakers are numbered from 0 in the order of their first words.
struct spoken_turn {
  std::size_t speaker = 0;
  double start = 0; ///< in seconds
  double end = 0;
};

/// Finds who speaks when: windows of speech are grouped by their voice prints, then each frame is
/// given to the group whose sounds it resembles.
/// @returns the turns in order of time; empty if nobody speaks
std::vector<spoken_turn> diarize(const voice_frames& frames, const speaker_limits& limits);

} // namespace synapse::backends
