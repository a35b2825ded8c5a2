#include "backends/text/embedding_model.hpp"

#include "backends/text/words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace synapse::backends {

namespace {

// FNV-1a, then a finalizer, because FNV alone leaves the high bits of short texts alike.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t value = 14695981039346656037ULL ^ seed;
  for (unsigned char c : text)
    value = (value ^ c) * 1099511628211ULL;
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53ULL;
  return value ^ (value >> 33);
}

constexpr double stop_word_weight = 0.15;
constexpr double stem_weight = 1.0;
constexpr double pair_weight = 0.35;
constexpr double gram_weight = 0.22;

class accumulator {
public:
  void count(std::string_view feature, double weight) {
    auto [place, is_new] = places_.try_emplace(std::string(feature), features_.size());
    if (is_new)
      features_.push_back({place->first, weight, 0});
    ++features_[place->second].times;
  }

  std::vector<float> vector() const {
    std::vector<double> sums(embedding_model::dimensions, 0.0);
    for (const auto& each : features_) {
      // A word said ten times is not ten times as much the topic.
      auto value = each.weight * (1.0 + std::log(each.times));
      // Every feature points somewhere in all dimensions, so that the first few of them already
      // are a (coarser) embedding.
      std::uint64_t signs = 0;
      for (std::size_t i = 0; i < sums.size(); ++i) {
        if (i % 64 == 0)
          signs = hash(each.name, i + 1);
        sums[i] += (signs & 1) != 0 ? value : -value;
        signs >>= 1;
      }
    }
    return {sums.begin(), sums.end()};
  }

private:
  struct feature_count {
    std::string name;
    double weight;
    int times;
  };
  // In the order of first appearance: sums of floating point numbers depend on it.
  std::vector<feature_count> features_;
  std::unordered_map<std::string, std::size_t> places_;
};

void add_grams(std::string_view word, accumulator& into) {
  auto framed = "<" + std::string(word) + ">";
  for (std::size_t size = 3; size <= 5; ++size)
    for (std::size_t at = 0; at + size <= framed.size(); ++at)
      into.count("g:" + framed.substr(at, size), gram_weight);
}

} // namespace

std::vector<float> embedding_model::embed(std::string_view text) const {
  accumulator features;
  std::string previous;
  for (const auto& word : split_words(text)) {
    if (is_stop_word(word)) {
      features.count("w:" + word, stop_word_weight);
      continue;
    }
    auto root = stem(word);
    features.count("s:" + root, stem_weight);
    if (!previous.empty())
      features.count(previous.append(" ").append(root).insert(0, "p:"), pair_weight);
    add_grams(word, features);
    previous = root;
  }
  // Text without a single word still has a place of its own.
  for (std::size_t at = 0; previous.empty() && at < text.size(); ++at)
    features.count("b:" + std::string(text.substr(at, 2)), gram_weight);
  auto out = features.vector();
  normalize(out, 2);
  return out;
}

void normalize(std::vector<float>& values, int norm) {
  double sum = 0;
  for (double value : values) {
    if (norm == 0)
      sum = std::max(sum, std::abs(value));
    else if (norm == 2)
      sum += value * value;
    else if (norm > 0)
      sum += std::pow(std::abs(value), norm);
  }
  if (norm < 0 || sum <= 0)
    return;
  if (norm == 0)
    sum /= 32760.0;
  else if (norm == 2)
    sum = std::sqrt(sum);
  else
    sum = std::pow(sum, 1.0 / norm);
  for (auto& value : values)
    value = static_cast<float>(value / sum);
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0;
  double length_a = 0;
  double length_b = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    dot += double{a[i]} * b[i];
    length_a += double{a[i]} * a[i];
    length_b += double{b[i]} * b[i];
  }
  auto scale = std::sqrt(length_a * length_b);
  return scale > 0 ? dot / scale : 0;
}

} // namespace synapse::backends
