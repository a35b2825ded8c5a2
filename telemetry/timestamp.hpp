/// @file
/// UTC time stamps as text: `2026-11-21T05:20:00.123Z`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace synapse::telemetry {

/// Bytes of `YYYY-MM-DDTHH:MM:SS`.
inline constexpr std::size_t seconds_stamp_bytes = 19;

/// Writes `YYYY-MM-DDTHH:MM:SS` for the years 1970 to 9999; returns the end.
char* write_seconds_stamp(char* out, std::int64_t unix_seconds) noexcept;

/// Appends the stamp with milliseconds and `Z`.
void append_timestamp(std::string& out, std::chrono::system_clock::time_point time);

} // namespace synapse::telemetry
