#include "backends/speakers/voice_print.hpp"

#include <algorithm>
#include <cmath>

namespace synapse::backends {

namespace {

// How much the values of one speaker differ from sentence to sentence (standard deviations,
// measured with the voices of flite and espeak-ng): a value that says little of the speaker counts
// little.
constexpr std::array<float, voice_print_size> usual_deviation{
    // means of the coefficients
    2.22F, 0.75F, 0.79F, 0.57F, 0.49F, 0.53F, 0.42F, 0.41F, 0.33F, //
    0.25F, 0.25F, 0.18F, 0.17F, 0.13F, 0.13F, 0.13F, 0.11F, 0.10F,
    // their standard deviations within a sentence
    1.58F, 0.33F, 0.55F, 0.40F, 0.25F, 0.35F, 0.19F, 0.17F, 0.15F, //
    0.14F, 0.15F, 0.11F, 0.10F, 0.10F, 0.08F, 0.07F, 0.07F, 0.07F,
    // the logarithm of the fundamental frequency: one value, but worth several
    0.02F};

} // namespace

voice_print print_voice(const voice_frames& frames, const std::vector<std::size_t>& of) {
  voice_print out;
  out.frames = of.size();
  if (of.empty())
    return out;
  std::array<double, mfcc_size> sum{};
  std::array<double, mfcc_size> squares{};
  double pitch = 0;
  std::size_t voiced = 0;
  for (auto i : of) {
    for (std::size_t k = 0; k < mfcc_size; ++k) {
      const double value = frames.shape[i][k];
      sum[k] += value;
      squares[k] += value * value;
    }
    if (frames.pitch[i] > 0) {
      pitch += std::log(frames.pitch[i]);
      ++voiced;
    }
  }
  const auto count = static_cast<double>(of.size());
  for (std::size_t k = 0; k < mfcc_size; ++k) {
    auto mean = sum[k] / count;
    auto deviation = std::sqrt(std::max(0.0, squares[k] / count - mean * mean));
    out.values[k] = static_cast<float>(mean) / usual_deviation[k];
    out.values[mfcc_size + k] = static_cast<float>(deviation) / usual_deviation[mfcc_size + k];
  }
  // No voice at all (whispering, noise) is somewhere in the middle.
  auto log_pitch = voiced > 0 ? pitch / static_cast<double>(voiced) : std::log(140.0);
  out.values[2 * mfcc_size] = static_cast<float>(log_pitch) / usual_deviation[2 * mfcc_size];
  return out;
}

voice_print print_voice(const voice_frames& frames, std::size_t begin, std::size_t end) {
  std::vector<std::size_t> speech;
  for (auto i = begin; i < std::min(end, frames.size()); ++i)
    if (frames.speech[i])
      speech.push_back(i);
  return print_voice(frames, speech);
}

double distance(const voice_print& a, const voice_print& b) {
  double sum = 0;
  for (std::size_t i = 0; i < voice_print_size; ++i) {
    const double apart = a.values[i] - b.values[i];
    sum += apart * apart;
  }
  return std::sqrt(sum / voice_print_size);
}

double similarity(const voice_print& a, const voice_print& b) {
  auto apart = distance(a, b) / same_speaker_distance;
  return 1 / (1 + apart * apart);
}

} // namespace synapse::backends
