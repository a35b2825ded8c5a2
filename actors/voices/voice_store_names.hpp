/// @file
/// Names of what is in the library besides voices.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::voices {

inline constexpr std::string_view incoming_prefix = ".incoming-";
inline constexpr std::string_view trash_prefix = ".trash-";
inline const std::string library_words = "the voice library";

/// Hexadecimal digits of a process's number, which stands before the hyphen in such a name.
inline constexpr std::size_t owner_digits = 12;

/// An upload or a removed voice: of nobody, once its process is no more.
inline bool is_passing(std::string_view name) noexcept {
  return name.starts_with(incoming_prefix) || name.starts_with(trash_prefix);
}

/// @returns the number in as many digits; nothing when it is none.
inline std::optional<std::uint64_t> read_owner(std::string_view digits) noexcept {
  std::uint64_t owner = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, owner, 16);
  const bool whole = digits.size() == owner_digits && error == std::errc{} && stop == end;
  return whole && owner != 0 ? std::optional{owner} : std::nullopt;
}

/// @returns whose it is; nothing for names that older versions gave.
inline std::optional<std::uint64_t> owner_of(std::string_view passing_name) noexcept {
  passing_name.remove_prefix(passing_name.find('-') + 1);
  const auto digits = passing_name.substr(0, owner_digits);
  return passing_name.substr(digits.size()).starts_with('-') ? read_owner(digits) : std::nullopt;
}

/// A random number for a process.
std::uint64_t make_owner();

inline std::string incoming_name(const std::string& upload_id) {
  return std::string{incoming_prefix} + upload_id;
}

} // namespace synapse::voices
