/// @file
/// Lengths of time for tests without a clock, in nanoseconds.
#pragma once

#include <cstdint>

namespace synapse::routing {

inline constexpr std::int64_t seconds = 1'000'000'000;
inline constexpr std::int64_t minutes = 60 * seconds;

} // namespace synapse::routing
