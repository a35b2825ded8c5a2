/// @file
/// Languages by their codes (ISO 639), as the lists of speech backends have them.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

namespace synapse::http {

struct language {
  std::string_view code;
  std::string_view name; ///< English
};

/// The entry of a code in a list, or null.
inline const language* find_language(std::span<const language> list,
                                     std::string_view code) noexcept {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const language& one) { return one.code == code; });
  return found == list.end() ? nullptr : &*found;
}

} // namespace synapse::http
