#include "backends/audio/denoise.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace synapse::backends {

namespace {

constexpr unsigned rate = 48000;
constexpr std::size_t frame = rate / 40; // 25 ms
constexpr double quietest = -100;
// Measured with white noise: this much above its level the filter does best (+6 to +12 dB).
constexpr double above_noise = 3;
// What the filter can be told.
constexpr double lowest_floor = -80;
constexpr double highest_floor = -20;

} // namespace

double noise_level(const sound& recording) {
  std::vector<double> levels;
  const auto& samples = recording.samples;
  for (std::size_t begin = 0; begin + frame <= samples.size(); begin += frame) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + frame; ++i)
      sum += static_cast<double>(samples[i]) * samples[i];
    levels.push_back(std::max(quietest, 10 * std::log10(sum / frame + 1e-12)));
  }
  if (levels.empty())
    return quietest;
  auto at = levels.begin() + static_cast<std::ptrdiff_t>(levels.size() / 20);
  std::nth_element(levels.begin(), at, levels.end());
  return *at;
}

void denoise(const media& tools, const std::string& from, const std::string& to) {
  auto wanted = noise_level(tools.decode(from, rate)) + above_noise;
  auto floor = std::clamp(wanted, lowest_floor, highest_floor);
  // Noise that is louder than the filter knows is made quieter for it.
  auto quieter = std::max(0.0, wanted - floor);
  char filter[240];
  std::snprintf(filter, sizeof(filter),
                "aresample=%u,volume=%.2fdB,apad=pad_len=%zu,afftdn=nr=24:nf=%.2f,"
                "atrim=start_sample=%zu,asetpts=PTS-STARTPTS,volume=%.2fdB",
                rate, -quieter, frame, floor, frame, quieter); // the filter is 25 ms late
  tools.transcode(from,
                  {"-af", filter, "-c:a", "pcm_s16le", "-fflags", "+bitexact", "-flags",
                   "+bitexact", "-f", "wav"},
                  to);
}

} // namespace synapse::backends
