#include "http/dialects/piper/resampler.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace synapse::http::piper {
namespace {

constexpr std::uint32_t max_phases = 320; // 11 025 Hz
constexpr std::uint32_t least_rate = 8000, most_rate = 48000;
constexpr double half_width = 48; // samples of the lower rate
/// Kaiser's window (Kaiser 1974): what is shut out, in dB, and the shape that this needs.
constexpr double attenuation = 80;
constexpr double shape = 0.1102 * (attenuation - 8.7);

/// The modified Bessel function of the first kind and order zero.
double bessel(double x) {
  double sum = 1, term = 1;
  for (int n = 1; term > sum * 1e-12; ++n) {
    term *= (x / 2 / n) * (x / 2 / n);
    sum += term;
  }
  return sum;
}

double sinc(double x) {
  return std::abs(x) < 1e-9 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

} // namespace

bool resampler::supports(std::uint32_t input_rate) noexcept {
  return input_rate >= least_rate && input_rate <= most_rate &&
         output_rate / std::gcd(input_rate, output_rate) <= max_phases;
}

resampler::resampler(std::uint32_t input_rate) {
  const auto common = std::gcd(input_rate, output_rate);
  phases_ = output_rate / common;
  step_ = input_rate / common;
  make_filters(input_rate);
  window_.assign(half_ - 1, 0.0F); // silence before the sound
}

void resampler::make_filters(std::uint32_t input_rate) {
  const auto rate = static_cast<double>(input_rate);
  const double stretch = std::max(1.0, rate / output_rate);
  half_ = static_cast<std::size_t>(std::ceil(half_width * stretch));
  const auto taps = 2 * half_;
  // The band ends where the lower rate's does, and the slope lies before that.
  const double slope =
      (attenuation - 8) / (2.285 * 2 * std::numbers::pi * static_cast<double>(taps - 1));
  const double cutoff = 0.5 / stretch - slope / 2; // cycles per input sample
  const double window_scale = 1 / bessel(shape);
  filters_.resize(phases_ * taps);
  std::vector<double> filter(taps);
  for (std::uint32_t phase = 0; phase < phases_; ++phase) {
    double sum = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const double distance = static_cast<double>(tap) - static_cast<double>(half_ - 1) -
                              static_cast<double>(phase) / phases_;
      const double place = distance / static_cast<double>(half_);
      const double window =
          bessel(shape * std::sqrt(std::max(0.0, 1 - place * place))) * window_scale;
      filter[tap] = sinc(2 * cutoff * distance) * window;
      sum += filter[tap];
    }
    // Each phase by itself: a constant stays one, without a tone of the phases' own.
    for (std::size_t tap = 0; tap < taps; ++tap)
      filters_[phase * taps + tap] = static_cast<float>(filter[tap] / sum);
  }
}

void resampler::push(unsigned char low, unsigned char high) {
  const auto sample = static_cast<std::int16_t>(static_cast<std::uint16_t>(low | high << 8));
  window_.push_back(static_cast<float>(sample));
  ++samples_;
}

/// @param first in the window, of the samples that count.
double resampler::convolve(std::size_t first) const {
  const auto taps = 2 * half_;
  const float* filter = filters_.data() + phase_ * taps;
  const float* sample = window_.data() + first;
  // Four sums that do not wait for each other; there is an even number of taps.
  float a = 0, b = 0, c = 0, d = 0;
  std::size_t tap = 0;
  for (; tap + 4 <= taps; tap += 4) {
    a += filter[tap] * sample[tap];
    b += filter[tap + 1] * sample[tap + 1];
    c += filter[tap + 2] * sample[tap + 2];
    d += filter[tap + 3] * sample[tap + 3];
  }
  for (; tap < taps; ++tap)
    a += filter[tap] * sample[tap];
  return static_cast<double>(a) + b + c + d;
}

/// Makes the output samples before the input sample `end` for which all that counts is there.
void resampler::emit(std::uint64_t end, std::string& out) {
  // The window's index of the first sample that counts is the position's own: the silence before
  // the sound is as long as what counts before a position.
  while (at_ < end && at_ - first_ + 2 * half_ <= window_.size()) {
    const auto sum = convolve(static_cast<std::size_t>(at_ - first_));
    const auto sample = static_cast<std::int32_t>(std::lround(std::clamp(sum, -32768.0, 32767.0)));
    const auto bits = static_cast<std::uint32_t>(sample);
    out += static_cast<char>(bits & 0xff);
    out += static_cast<char>(bits >> 8 & 0xff);
    phase_ += step_;
    at_ += phase_ / phases_;
    phase_ %= phases_;
  }
  const auto past = std::min<std::uint64_t>(at_ - first_, window_.size());
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(past));
  first_ += past;
}

void resampler::take(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (low_byte_ < 0) {
      low_byte_ = byte;
      continue;
    }
    push(static_cast<unsigned char>(low_byte_), byte);
    low_byte_ = -1;
  }
  emit(samples_, out);
}

bool resampler::finish(std::string& out) {
  window_.insert(window_.end(), half_, 0.0F); // silence behind the sound
  emit(samples_, out);
  return low_byte_ < 0;
}

} // namespace synapse::http::piper
