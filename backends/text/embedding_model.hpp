#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// Turns text into a vector whose direction says what the text is about: word stems, word pairs and
/// character n-grams, each a direction of its own given by hashed signs. The same text gives the
/// same vector on every machine; texts that share vocabulary are near each other. It knows no
/// meanings beyond that.
class embedding_model {
public:
  static constexpr std::size_t dimensions = 384;

  /// @returns `dimensions` values of Euclidean length 1.
  std::vector<float> embed(std::string_view text) const;
};

/// Scales a vector as llama.cpp's `embd_normalize` does: -1 not at all, 0 to int16 range,
/// 1 taxicab, 2 Euclidean, otherwise that p-norm.
void normalize(std::vector<float>& values, int norm);

/// @returns the cosine of the angle between two vectors of equal size.
double cosine(const std::vector<float>& a, const std::vector<float>& b);

} // namespace synapse::backends
