#include "backends/dsp/mfcc.hpp"

#include "backends/dsp/fft.hpp"
#include "backends/dsp/pitch.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace synapse::backends {

namespace {

constexpr double mel_rate = 16000;
constexpr std::size_t mel_window = 400;
constexpr std::size_t mel_hop = 160;
constexpr std::size_t mel_transform = 512;
constexpr std::size_t bands = 26;
constexpr double lowest_hz = 80;
constexpr double highest_hz = 7600;

double to_mel(double hz) {
  return 2595 * std::log10(1 + hz / 700);
}

double from_mel(double mel) {
  return 700 * (std::pow(10.0, mel / 2595) - 1);
}

// Triangles over the spectrum, equally wide to the ear.
class mel_filters {
public:
  mel_filters() {
    std::array<double, bands + 2> edges{};
    for (std::size_t i = 0; i < edges.size(); ++i) {
      auto part = static_cast<double>(i) / (bands + 1);
      auto mel = to_mel(lowest_hz) + part * (to_mel(highest_hz) - to_mel(lowest_hz));
      edges[i] = from_mel(mel) * mel_transform / mel_rate;
    }
    for (std::size_t band = 0; band < bands; ++band)
      for (std::size_t bin = 0; bin <= mel_transform / 2; ++bin) {
        auto at = static_cast<double>(bin);
        auto rise = (at - edges[band]) / (edges[band + 1] - edges[band]);
        auto fall = (edges[band + 2] - at) / (edges[band + 2] - edges[band + 1]);
        auto weight = std::min(rise, fall);
        if (weight > 0)
          weights_[band].emplace_back(bin, static_cast<float>(weight));
      }
  }

  std::array<float, bands> apply(const std::vector<std::complex<float>>& spectrum) const {
    std::array<float, bands> out{};
    for (std::size_t band = 0; band < bands; ++band)
      for (const auto& [bin, weight] : weights_[band])
        out[band] += weight * std::norm(spectrum[bin]);
    return out;
  }

private:
  std::array<std::vector<std::pair<std::size_t, float>>, bands> weights_;
};

mfcc_frame cosines(const std::array<float, bands>& logs) {
  static const auto table = [] {
    std::array<std::array<float, bands>, mfcc_size> out{};
    for (std::size_t k = 0; k < mfcc_size; ++k)
      for (std::size_t band = 0; band < bands; ++band)
        out[k][band] = static_cast<float>(std::sqrt(2.0 / bands) *
                                          std::cos(std::numbers::pi * static_cast<double>(k + 1) *
                                                   (static_cast<double>(band) + 0.5) / bands));
    return out;
  }();
  mfcc_frame out{};
  for (std::size_t k = 0; k < mfcc_size; ++k)
    for (std::size_t band = 0; band < bands; ++band)
      out[k] += table[k][band] * logs[band];
  return out;
}

// The spectrum of one frame, high tones raised.
class frame_spectrum {
public:
  frame_spectrum() {
    for (std::size_t i = 0; i < mel_window; ++i)
      shape_[i] = static_cast<float>(
          0.54 - 0.46 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / (mel_window - 1)));
  }

  const std::vector<std::complex<float>>& of(const float* frame, float before) {
    for (std::size_t i = 0; i < mel_transform; ++i) {
      if (i >= mel_window) {
        values_[i] = 0;
        continue;
      }
      values_[i] = shape_[i] * (frame[i] - 0.97F * before);
      before = frame[i];
    }
    transform_.transform(values_);
    return values_;
  }

private:
  fourier transform_{mel_transform};
  std::array<float, mel_window> shape_{};
  std::vector<std::complex<float>> values_ = std::vector<std::complex<float>>(mel_transform);
};

float level_of(const float* frame) {
  float sum = 0;
  for (std::size_t i = 0; i < mel_window; ++i)
    sum += frame[i] * frame[i];
  return 10 * std::log10(sum / mel_window + 1e-10F);
}

// Speech is what stands out from the quietest tenth and is not far below the loudest.
std::vector<bool> find_speech(const std::vector<float>& level) {
  if (level.empty())
    return {};
  auto sorted = level;
  std::sort(sorted.begin(), sorted.end());
  auto quiet = sorted[sorted.size() / 10];
  auto loud = sorted[sorted.size() - 1 - sorted.size() / 20];
  auto limit = std::max(loud - 35, std::min(quiet + 12, loud - 15));
  std::vector<bool> out;
  out.reserve(level.size());
  for (auto each : level)
    out.push_back(each > limit && each > -65);
  return out;
}

} // namespace

voice_frames measure_voice(const sound& from) {
  voice_frames out;
  const auto& samples = from.samples;
  if (samples.size() < mel_window)
    return out;
  const mel_filters filters;
  frame_spectrum spectrum;
  const auto frames = (samples.size() - mel_window) / mel_hop + 1;
  for (std::size_t i = 0; i < frames; ++i) {
    const auto* frame = samples.data() + i * mel_hop;
    auto logs = filters.apply(spectrum.of(frame, i == 0 ? 0.0F : frame[-1]));
    for (auto& each : logs)
      each = std::log(each + 1e-5F);
    out.shape.push_back(cosines(logs));
    out.level.push_back(level_of(frame));
  }
  out.speech = find_speech(out.level);
  out.pitch = pitch_track(from);
  out.pitch.resize(frames);
  return out;
}

} // namespace synapse::backends
