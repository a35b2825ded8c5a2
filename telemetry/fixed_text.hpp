/// @file
/// A short text held in place: for records that are copied as bytes.
#pragma once

#include "telemetry/text_escape.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace synapse::telemetry {

/// At most `Size` bytes; longer texts are cut between characters.
template <std::size_t Size>
class fixed_text {
  static_assert(Size < 256);

public:
  void assign(std::string_view text) noexcept {
    if (text.size() > Size)
      text = utf8_prefix(text, Size);
    if (!text.empty())
      std::memcpy(bytes_, text.data(), text.size());
    size_ = static_cast<std::uint8_t>(text.size());
  }
  std::string_view view() const noexcept { return {bytes_, size_}; }
  bool empty() const noexcept { return size_ == 0; }

private:
  std::uint8_t size_ = 0;
  char bytes_[Size]; // only the first size_ of them mean anything
};

} // namespace synapse::telemetry
