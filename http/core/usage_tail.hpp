/// @file
/// Token counts of an OpenAI-style answer that passes by in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::http {

/// Keeps the end of a JSON text and finds its `usage` there: every server writes it behind the
/// choices. A quote inside a JSON string is escaped, so text cannot pass for a key. No memory of
/// its own; what lies further from the end than it keeps is not found.
class usage_tail {
public:
  static constexpr std::size_t kept = 2048;

  void feed(std::string_view bytes) noexcept;
  /// As the server says; -1 where it does not.
  std::int64_t prompt_tokens() const noexcept;
  std::int64_t completion_tokens() const noexcept;

private:
  std::string_view usage() const noexcept;

  std::size_t size_ = 0;
  std::array<char, kept> bytes_; // the first size_ of them
};

} // namespace synapse::http
