#pragma once

#include "backends/dsp/mfcc.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace synapse::backends {

/// Statistics of a stretch of speech, each scaled so that a step of 1 is a clear difference.
inline constexpr std::size_t voice_print_size = 2 * mfcc_size + 1;

struct voice_print {
  std::array<float, voice_print_size> values{};
  std::size_t frames = 0; ///< of speech it was made from
};

/// @returns the print of some frames.
/// @param of their positions
voice_print print_voice(const voice_frames& frames, const std::vector<std::size_t>& of);

/// @returns the print of the speech in frames [begin, end).
voice_print print_voice(const voice_frames& frames, std::size_t begin, std::size_t end);

/// @returns the distance of two prints, 0 = the same.
double distance(const voice_print& a, const voice_print& b);

/// The distance that is neither the same speaker nor another one, for whole recordings.
inline constexpr double same_speaker_distance = 2.05;

/// @returns 1 for the same, 0.5 at `same_speaker_distance`, towards 0 for what is far apart.
double similarity(const voice_print& a, const voice_print& b);

} // namespace synapse::backends
