/// @file
/// Which one of several deployments a request goes to.
#pragma once

#include "routing/pick/candidate.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace synapse::routing {

inline constexpr std::size_t max_candidates = 32;          ///< those behind are not looked at
inline constexpr std::int64_t slow_start = 10'000'000'000; ///< ns until the weight is whole again
inline constexpr double slow_start_from = 0.1;             ///< share of the weight it begins with
/// What loading a model is taken to cost where nobody has seen it, ns.
inline constexpr float guessed_load_time = 30e9F;

/// The candidates of the lowest tier. @param all in order of their tiers
std::span<const candidate> lowest_tier(std::span<const candidate> all) noexcept;

/// Picks among the candidates of one tier, each of which the request may go to: by whether the
/// model is loaded, then by affinity, then by strategy. On the question's thread; does not
/// allocate.
/// @returns its place in `tier`; none: there is none with a weight
std::optional<std::size_t> pick(std::span<const candidate> tier,
                                const pick_question& question) noexcept;

/// A weight while the deployment starts slowly. @param ready_since `never`: it always was
double ramped_weight(double weight, std::int64_t ready_since, std::int64_t now) noexcept;

} // namespace synapse::routing
