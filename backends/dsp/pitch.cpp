#include "backends/dsp/pitch.hpp"

#include "backends/dsp/fft.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

namespace synapse::backends {

namespace {

// At 8 kHz: half the work, and more than enough for a fundamental frequency.
constexpr unsigned rate = 8000;
constexpr std::size_t window = 400;
constexpr std::size_t hop = 80;
constexpr std::size_t shortest = rate / 400; // 400 Hz
constexpr std::size_t longest = rate / 60;   // 60 Hz
constexpr std::size_t transform_size = 1024;
constexpr float voiced = 0.6F;    // correlation of a voiced frame with itself, a period later
constexpr float as_good = 0.9F;   // of the best correlation: take the shorter period then
constexpr float quietest = 1e-3F; // of a frame's mean square against the loudest frame's

std::vector<float> halved(const std::vector<float>& samples) {
  std::vector<float> out(samples.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = 0.5F * (samples[2 * i] + samples[2 * i + 1]);
  return out;
}

float energy(const float* from, std::size_t size) {
  float sum = 0;
  for (std::size_t i = 0; i < size; ++i)
    sum += from[i] * from[i];
  return sum;
}

// Correlation of a frame with itself, shifted by each lag, from -1 to 1.
class self_correlation {
public:
  void of(const float* frame) {
    for (std::size_t i = 0; i < transform_size; ++i)
      values_[i] = i < window ? frame[i] : 0.0F;
    transform_.transform(values_);
    for (auto& each : values_)
      each = std::norm(each);
    // The spectrum of a real signal's correlation is symmetric: forwards is as good as backwards.
    transform_.transform(values_);
    float head = energy(frame, window - longest - 1);
    for (std::size_t i = window - longest - 1; i < window; ++i)
      head += frame[i] * frame[i];
    float left = head;
    float right = head;
    for (std::size_t lag = 1; lag <= longest + 1; ++lag) {
      left -= frame[window - lag] * frame[window - lag];
      right -= frame[lag - 1] * frame[lag - 1];
      auto scale = std::sqrt(std::max(left, 0.0F) * std::max(right, 0.0F));
      auto product = values_[lag].real() / static_cast<float>(transform_size);
      at_[lag] = scale > 1e-9F ? product / scale : 0.0F;
    }
  }

  float operator[](std::size_t lag) const { return at_[lag]; }

private:
  fourier transform_{transform_size};
  std::vector<std::complex<float>> values_ = std::vector<std::complex<float>>(transform_size);
  std::vector<float> at_ = std::vector<float>(longest + 2);
};

bool is_peak(const self_correlation& at, std::size_t lag) {
  return at[lag] >= at[lag - 1] && at[lag] >= at[lag + 1];
}

// The frequency of one frame.
float frequency(const self_correlation& at) {
  float best = 0;
  for (auto lag = shortest; lag <= longest; ++lag)
    if (is_peak(at, lag))
      best = std::max(best, at[lag]);
  if (best < voiced)
    return 0;
  for (auto lag = shortest; lag <= longest; ++lag) {
    if (!is_peak(at, lag) || at[lag] < as_good * best)
      continue;
    auto bend = at[lag - 1] - 2 * at[lag] + at[lag + 1];
    auto shift = bend < 0 ? 0.5F * (at[lag - 1] - at[lag + 1]) / bend : 0.0F;
    return static_cast<float>(rate) / (static_cast<float>(lag) + shift);
  }
  return 0;
}

} // namespace

std::vector<float> pitch_track(const sound& from) {
  auto samples = halved(from.samples);
  std::vector<float> out;
  if (samples.size() < window)
    return out;
  const auto frames = (samples.size() - window) / hop + 1;
  float loudest = 0;
  for (std::size_t i = 0; i < frames; ++i)
    loudest = std::max(loudest, energy(samples.data() + i * hop, window));
  self_correlation correlation;
  out.reserve(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    const auto* frame = samples.data() + i * hop;
    if (energy(frame, window) <= quietest * loudest) {
      out.push_back(0);
      continue;
    }
    correlation.of(frame);
    out.push_back(frequency(correlation));
  }
  return out;
}

float median_pitch(const sound& from) {
  auto track = pitch_track(from);
  std::erase(track, 0.0F);
  if (track.size() < 10)
    return 0;
  auto middle = track.begin() + static_cast<std::ptrdiff_t>(track.size() / 2);
  std::nth_element(track.begin(), middle, track.end());
  return *middle;
}

} // namespace synapse::backends
