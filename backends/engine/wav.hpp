#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// Mono sound: samples from -1 to 1.
struct sound {
  std::vector<float> samples;
  unsigned rate = 16000; ///< samples per second

  double seconds() const { return static_cast<double>(samples.size()) / rate; }
};

/// @returns a WAV file: PCM, 16 bits, one channel.
std::string to_wav(std::span<const std::int16_t> samples, unsigned rate);
std::string to_wav(const sound& from);

/// @returns samples of 16 bits, little-endian, as numbers from -1 to 1.
std::vector<float> from_pcm16(std::string_view bytes);

/// @returns the samples as 16 bits, little-endian; what is beyond -1 and 1 is clipped.
std::string to_pcm16(std::span<const float> samples);

} // namespace synapse::backends
