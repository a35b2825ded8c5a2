/// @file
/// Token counts of an OpenAI-style answer that passes by in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::http {

/// As the server says; -1 where it does not.
struct token_counts {
  std::int64_t prompt = -1;
  std::int64_t completion = -1;
};

/// Keeps the end of a JSON text and finds its `usage` there: every server writes it behind the
/// choices. A quote inside a JSON string is escaped, so text cannot pass for a key. No memory of
/// its own; what lies further from the end than it keeps is not found.
class usage_tail {
public:
  static constexpr std::size_t kept = 2048;

  void feed(std::string_view bytes) noexcept;
  token_counts counts() const noexcept { return of({bytes_.data(), size_}); }
  /// Of a text that is all there: nothing is copied.
  static token_counts of(std::string_view text) noexcept;

private:
  std::size_t size_ = 0;
  std::array<char, kept> bytes_; // the first size_ of them
};

} // namespace synapse::http
