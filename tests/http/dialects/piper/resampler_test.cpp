#include "http/dialects/piper/resampler.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <string>
#include <vector>

namespace synapse::http::piper {
namespace {

constexpr double loud = 16000;

std::string tone(std::uint32_t rate, double hertz, std::size_t samples) {
  std::string bytes;
  for (std::size_t at = 0; at < samples; ++at) {
    const double angle = 2 * std::numbers::pi * hertz * static_cast<double>(at) / rate;
    const auto sample = static_cast<std::uint32_t>(std::lround(loud * std::sin(angle)));
    bytes += static_cast<char>(sample & 0xff);
    bytes += static_cast<char>(sample >> 8 & 0xff);
  }
  return bytes;
}

std::vector<double> samples_of(const std::string& bytes) {
  std::vector<double> samples;
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2)
    samples.push_back(static_cast<std::int16_t>(static_cast<unsigned char>(bytes[at]) |
                                                static_cast<unsigned char>(bytes[at + 1]) << 8));
  return samples;
}

std::string resampled(std::uint32_t rate, const std::string& bytes, std::size_t piece) {
  resampler work{rate};
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    work.take(std::string_view{bytes}.substr(at, piece), out);
  EXPECT_TRUE(work.finish(out));
  return out;
}

struct measured {
  double amplitude; ///< of the tone
  double rest;      ///< root mean square of everything else
};
/// Fits the tone to the middle of the output, where neither end is near.
measured measure(const std::vector<double>& samples, double hertz) {
  // Whole periods of whatever is a multiple of 10 Hz.
  const std::size_t size = 12000, begin = (samples.size() - size) / 2;
  double in_phase = 0, quadrature = 0, power = 0;
  for (std::size_t at = 0; at < size; ++at) {
    const double angle =
        2 * std::numbers::pi * hertz * static_cast<double>(begin + at) / resampler::output_rate;
    in_phase += samples[begin + at] * std::sin(angle);
    quadrature += samples[begin + at] * std::cos(angle);
    power += samples[begin + at] * samples[begin + at];
  }
  const double count = static_cast<double>(size);
  const double amplitude = 2 * std::hypot(in_phase, quadrature) / count;
  return {amplitude, std::sqrt(std::max(0.0, power / count - amplitude * amplitude / 2))};
}

double decibels(double ratio) {
  return 20 * std::log10(std::max(ratio, 1e-12));
}

TEST(resampler, keeps_what_both_bands_have) {
  for (const std::uint32_t rate : {8000U, 11025U, 16000U, 22050U, 32000U, 44100U, 48000U}) {
    const double band = std::min(rate, resampler::output_rate) / 2.0;
    for (const double part : {0.01, 0.1, 0.3, 0.5, 0.7, 0.8, 0.88}) {
      const double hertz = std::round(band * part / 10) * 10;
      const auto got = measure(samples_of(resampled(rate, tone(rate, hertz, rate), 4096)), hertz);
      EXPECT_NEAR(decibels(got.amplitude / loud), 0, 0.01) << rate << " Hz: " << hertz;
      // Rounding to 16 bits, twice, is all that comes with it: no image of the tone.
      EXPECT_LT(decibels(got.rest / loud), -80) << rate << " Hz: " << hertz;
    }
  }
}

TEST(resampler, shuts_out_what_the_output_cannot_have) {
  for (const std::uint32_t rate : {32000U, 44100U, 48000U})
    for (double hertz = 12000; hertz < rate / 2.0; hertz += 500) {
      const auto samples = samples_of(resampled(rate, tone(rate, hertz, rate), 4096));
      double power = 0;
      for (std::size_t at = 6000; at < 18000; ++at)
        power += samples[at] * samples[at];
      EXPECT_LT(decibels(std::sqrt(power / 12000) / (loud / std::numbers::sqrt2)), -70)
          << rate << " Hz: " << hertz;
    }
}

TEST(resampler, has_no_images_of_tones_near_the_end_of_the_band) {
  for (const std::uint32_t rate : {16000U, 22050U}) {
    const double hertz = std::round(rate * 0.5 * 0.95 / 10) * 10; // on the slope
    const auto got = measure(samples_of(resampled(rate, tone(rate, hertz, rate), 4096)), hertz);
    EXPECT_LT(decibels(got.rest / loud), -70) << rate;
  }
}

TEST(resampler, leaves_a_constant_as_it_is) {
  for (const std::uint32_t rate : {16000U, 22050U, 48000U}) {
    std::string bytes;
    for (std::uint32_t at = 0; at < rate / 4; ++at)
      bytes += "\x10\x27"; // 10000
    const auto samples = samples_of(resampled(rate, bytes, 999));
    for (std::size_t at = 500; at + 500 < samples.size(); ++at)
      ASSERT_EQ(samples[at], 10000) << rate << " at " << at;
  }
}

TEST(resampler, keeps_the_duration_and_the_moment) {
  for (const std::uint32_t rate : {8000U, 16000U, 22050U, 44100U})
    for (const std::size_t count : {0UL, 1UL, 2UL, 47UL, 48UL, 49UL, 1000UL, 4411UL}) {
      std::string bytes(count * 2, '\0');
      const auto expected = (count * resampler::output_rate + rate - 1) / rate;
      EXPECT_EQ(resampled(rate, bytes, 100).size(), expected * 2) << rate << ": " << count;
    }
  // A click is where it was.
  std::string click(22050 * 2, '\0');
  click[2 * 11025 + 1] = 0x40;
  const auto samples = samples_of(resampled(22050, click, 4096));
  const auto highest = std::max_element(samples.begin(), samples.end()) - samples.begin();
  EXPECT_EQ(highest, 12000);
}

TEST(resampler, does_not_mind_where_the_bytes_are_cut) {
  std::mt19937 random{7};
  std::string noise;
  for (int at = 0; at < 8000; ++at)
    noise += static_cast<char>(random());
  for (const std::uint32_t rate : {16000U, 22050U, 44100U}) {
    const auto whole = resampled(rate, noise, noise.size());
    for (const std::size_t piece : {1UL, 2UL, 3UL, 97UL, 4000UL})
      EXPECT_EQ(resampled(rate, noise, piece), whole) << rate << ": " << piece;
  }
}

TEST(resampler, stays_at_the_limits_of_a_sample) {
  std::string square;
  for (int at = 0; at < 8000; ++at)
    square += at / 20 % 2 == 0 ? std::string{"\xff\x7f", 2} : std::string{"\x00\x80", 2};
  double highest = 0, lowest = 0;
  for (const auto one : samples_of(resampled(16000, square, 4096))) {
    highest = std::max(highest, one);
    lowest = std::min(lowest, one);
  }
  EXPECT_EQ(highest, 32767) << "what swings over would be heard as a crack";
  EXPECT_EQ(lowest, -32768);
}

TEST(resampler, tells_half_a_sample) {
  resampler work{16000};
  std::string out;
  work.take("abc", out);
  EXPECT_FALSE(work.finish(out));
}

TEST(resampler, has_a_filter_for_the_usual_rates_only) {
  for (const std::uint32_t rate :
       {8000U, 11025U, 12000U, 16000U, 22050U, 24000U, 32000U, 44100U, 48000U})
    EXPECT_TRUE(resampler::supports(rate)) << rate;
  for (const std::uint32_t rate : {0U, 1U, 4000U, 7999U, 16001U, 22051U, 48001U, 96000U, ~0U})
    EXPECT_FALSE(resampler::supports(rate)) << rate;
}

} // namespace
} // namespace synapse::http::piper
