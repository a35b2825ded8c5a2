/// @file
/// Names of what is in the library besides voices.
#pragma once

#include <string>
#include <string_view>

namespace synapse::voices {

inline constexpr std::string_view incoming_prefix = ".incoming-";
inline constexpr std::string_view trash_prefix = ".trash-";

/// An upload or a removed voice of a process that is no more.
inline bool is_leftover(std::string_view name) noexcept {
  return name.starts_with(incoming_prefix) || name.starts_with(trash_prefix);
}

inline std::string incoming_name(const std::string& upload_id) {
  return std::string{incoming_prefix} + upload_id;
}

} // namespace synapse::voices
