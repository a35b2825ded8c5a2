/// @file
/// Samples of one rate → samples of OpenAI's. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http::piper {

/// Mono sound, signed 16 bit, little-endian, of any usual rate → 24 kHz, while it arrives, with a
/// windowed-sinc filter for every position between two samples.
///
/// What it keeps: sounds up to 89 % of the lower of both bands within 0.01 dB. What it lets
/// through of anything else (images above the band of the input, and what is too high for that of
/// the output): below -70 dB. The output begins with the input and has its duration. Costs up to
/// 200 multiplications a sample and 120 KiB.
class resampler {
public:
  static constexpr std::uint32_t output_rate = 24000;
  /// Usual rates from 8 to 48 kHz: those that go into the output's in few steps.
  static bool supports(std::uint32_t input_rate) noexcept;
  /// @param input_rate a supported one
  explicit resampler(std::uint32_t input_rate);

  /// Appends to `out` what can be told now. Samples may be cut at any byte.
  void take(std::string_view bytes, std::string& out);
  /// There is no more: appends the rest. @returns false when half a sample was left over.
  bool finish(std::string& out);

private:
  void make_filters(std::uint32_t input_rate);
  void push(unsigned char low, unsigned char high);
  void emit(std::uint64_t end, std::string& out);
  double convolve(std::size_t first) const;

  std::uint32_t phases_ = 1;   ///< positions between two samples at which there may be one
  std::uint32_t step_ = 1;     ///< from one output sample to the next, in such positions
  std::size_t half_ = 0;       ///< input samples that count before and behind a position
  std::vector<float> filters_; ///< of each phase, 2 * half_
  std::vector<float> window_;  ///< input samples that still count
  std::uint64_t samples_ = 0;  ///< that came, those before the window too
  std::uint64_t at_ = 0;       ///< input sample at or before the next output sample
  std::uint32_t phase_ = 0;    ///< of the next output sample behind it
  std::uint64_t first_ = 0;    ///< of the window, counted with the silence before the sound
  int low_byte_ = -1;          ///< of a sample whose other byte is to come; -1: none
};

} // namespace synapse::http::piper
