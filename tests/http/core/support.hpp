/// @file
/// Helpers of the http/core tests.
#pragma once

#include "http/core/head/head_parser.hpp"

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http::test {

/// A heap copy of exactly the text's size, so that a sanitizer sees any read beyond it.
class exact_copy {
public:
  explicit exact_copy(std::string_view text)
      : size_(text.size()), data_(new char[text.size() + 1]) { // an empty text needs a block, too
    std::memcpy(begin(), text.data(), text.size());
  }
  char* begin() noexcept { return data_.get() + 1; }
  const char* begin() const noexcept { return data_.get() + 1; }
  std::size_t size() const noexcept { return size_; }

private:
  std::size_t size_;
  std::unique_ptr<char[]> data_;
};

/// A request parsed in one call; keeps its bytes.
struct parsed_request {
  explicit parsed_request(std::string_view text, head_limits limits = {}) : bytes(text) {
    std::size_t scanned = 0;
    result = parse_request(bytes.begin(), bytes.size(), scanned, limits, head);
  }
  exact_copy bytes;
  request_head head;
  parse_result result;
};

struct parsed_response {
  explicit parsed_response(std::string_view text, head_limits limits = {}) : bytes(text) {
    std::size_t scanned = 0;
    result = parse_response(bytes.begin(), bytes.size(), scanned, limits, head);
  }
  exact_copy bytes;
  response_head head;
  parse_result result;
};

/// Deterministic randomness; a seed per test.
class dice {
public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 to n-1.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

private:
  std::mt19937_64 engine_;
};

/// Changes, removes, repeats or inserts a few bytes.
inline void mutate(std::string& text, dice& random) {
  using namespace std::string_view_literals;
  constexpr auto interesting = "\r\n\t :;,?#@[]{}\"\\\0\x7f\x80\xff/*0aA%"sv;
  for (std::size_t times = 1 + random.below(3); times > 0; --times) {
    const std::size_t at = random.below(text.size() + 1);
    const char c = random.one_in(3) ? static_cast<char>(random.below(256))
                                    : interesting[random.below(interesting.size())];
    switch (random.below(5)) {
    case 0:
      text.insert(at, 1, c);
      break;
    case 1:
      if (at < text.size())
        text.erase(at, 1 + random.below(3));
      break;
    case 2:
      if (at < text.size()) {
        const std::string piece = text.substr(at, 1 + random.below(12));
        text.insert(random.below(text.size() + 1), piece);
      }
      break;
    default:
      if (at < text.size())
        text[at] = c;
      break;
    }
  }
}

} // namespace synapse::http::test
