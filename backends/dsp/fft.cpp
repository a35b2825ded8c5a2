#include "backends/dsp/fft.hpp"

#include <cmath>
#include <numbers>
#include <utility>

namespace synapse::backends {

fourier::fourier(std::size_t size) : turns_(size / 2), reversed_(size) {
  for (std::size_t k = 0; k < turns_.size(); ++k) {
    auto angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
    turns_[k] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
  }
  for (std::size_t i = 1; i < size; ++i)
    reversed_[i] = reversed_[i / 2] / 2 + (i % 2 == 1 ? size / 2 : 0);
}

void fourier::transform(std::vector<std::complex<float>>& values) const {
  const auto size = reversed_.size();
  for (std::size_t i = 0; i < size; ++i)
    if (i < reversed_[i])
      std::swap(values[i], values[reversed_[i]]);
  for (std::size_t half = 1; half < size; half *= 2) {
    const auto step = size / (2 * half);
    for (std::size_t begin = 0; begin < size; begin += 2 * half)
      for (std::size_t k = 0; k < half; ++k) {
        const auto turn = turns_[k * step];
        const auto odd = values[begin + half + k];
        // By hand: std::complex's product looks after infinities, which takes most of the time.
        const std::complex<float> turned{odd.real() * turn.real() - odd.imag() * turn.imag(),
                                         odd.real() * turn.imag() + odd.imag() * turn.real()};
        values[begin + half + k] = values[begin + k] - turned;
        values[begin + k] += turned;
      }
  }
}

} // namespace synapse::backends
