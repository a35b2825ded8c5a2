/// @file
/// What a number, a size or a duration of the file may be, and short words for the tables of keys.
#pragma once

namespace synapse::config {

/// What a number, size (bytes) or duration (milliseconds) may be.
struct value_range {
  double min = 0;
  double max = 0;
  bool zero_is_off = false;       ///< 0 is allowed besides min to max
  bool bytes = false;             ///< of a std::size_t: written with KiB, MiB, …
  bool negative_is_unset = false; ///< the default is below 0: nothing was said
};

namespace ranges {
inline constexpr double second = 1000;
inline constexpr double minute = 60 * second;
inline constexpr double hour = 60 * minute;
inline constexpr double day = 24 * hour;
inline constexpr double kib = 1024;
inline constexpr double mib = 1024 * kib;
inline constexpr double gib = 1024 * mib;
inline constexpr value_range any{};

constexpr value_range between(double min, double max) {
  return {min, max};
}
constexpr value_range off_or_between(double min, double max) {
  return {min, max, true};
}
constexpr value_range unset_or_between(double min, double max) {
  return {min, max, false, false, true};
}
constexpr value_range bytes_between(double min, double max) {
  return {min, max, false, true};
}
constexpr value_range off_or_bytes_between(double min, double max) {
  return {min, max, true, true};
}
} // namespace ranges

} // namespace synapse::config
