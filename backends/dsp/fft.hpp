#pragma once

#include <complex>
#include <cstddef>
#include <vector>

namespace synapse::backends {

/// The discrete Fourier transform of one size, a power of two.
class fourier {
public:
  explicit fourier(std::size_t size);

  std::size_t size() const { return turns_.size() * 2; }

  /// Transforms in place. @pre values.size() == size()
  void transform(std::vector<std::complex<float>>& values) const;

private:
  std::vector<std::complex<float>> turns_; // exp(-2 pi i k / size)
  std::vector<std::size_t> reversed_;
};

} // namespace synapse::backends
