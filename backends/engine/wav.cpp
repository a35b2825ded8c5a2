#include "backends/engine/wav.hpp"

#include <algorithm>
#include <cmath>

namespace synapse::backends {

namespace {

void put(std::string& into, std::uint32_t value, int bytes) {
  for (int shift = 0; shift < 8 * bytes; shift += 8)
    into += static_cast<char>((value >> shift) & 0xFF);
}

std::string header(std::size_t bytes, unsigned rate) {
  auto size = static_cast<std::uint32_t>(bytes);
  std::string out = "RIFF";
  put(out, size + 36, 4);
  out += "WAVEfmt ";
  put(out, 16, 4);
  put(out, 1, 2); // PCM
  put(out, 1, 2); // channels
  put(out, rate, 4);
  put(out, rate * 2, 4);
  put(out, 2, 2);
  put(out, 16, 2);
  out += "data";
  put(out, size, 4);
  return out;
}

} // namespace

std::string to_wav(std::span<const std::int16_t> samples, unsigned rate) {
  auto out = header(samples.size() * 2, rate);
  for (auto sample : samples)
    put(out, static_cast<std::uint16_t>(sample), 2);
  return out;
}

std::string to_wav(const sound& from) {
  return header(from.samples.size() * 2, from.rate) + to_pcm16(from.samples);
}

std::vector<float> from_pcm16(std::string_view bytes) {
  std::vector<float> out(bytes.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto low = static_cast<unsigned char>(bytes[2 * i]);
    auto high = static_cast<unsigned char>(bytes[2 * i + 1]);
    out[i] = static_cast<float>(static_cast<std::int16_t>(low | (high << 8))) / 32768.0F;
  }
  return out;
}

std::string to_pcm16(std::span<const float> samples) {
  std::string out;
  out.reserve(samples.size() * 2);
  for (auto sample : samples) {
    auto scaled = std::lround(std::clamp(sample, -1.0F, 1.0F) * 32767.0F);
    put(out, static_cast<std::uint16_t>(static_cast<std::int16_t>(scaled)), 2);
  }
  return out;
}

} // namespace synapse::backends
