/// @file
/// Why a request is not at the deployment that it would have been sent to first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::routing {

/// Why a request is where it is.
enum class moved : std::uint8_t { no, order, spill, any, context, policy };
inline constexpr std::size_t moved_count = 6;

/// The text of `X-Synapse-Fallback`; empty for `no`.
constexpr std::string_view to_string(moved why) noexcept {
  constexpr std::array<std::string_view, moved_count> texts{"",    "order",   "spill",
                                                            "any", "context", "policy"};
  return texts[static_cast<std::size_t>(why)];
}

} // namespace synapse::routing
