/// @file
/// Which requests belong together, and which deployments they rather go to. Without state: replicas
/// that see the same request and the same deployments agree, so none of the numbers may change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::routing {

/// What a request says of where it belongs; the first of session, cache key and texts that is not
/// empty counts.
struct affinity_source {
  std::string_view session;   ///< of a header
  std::string_view cache_key; ///< `prompt_cache_key` of the body
  std::string_view model;     ///< hashed with the texts
  std::string_view system;    ///< the first system text
  std::string_view user;      ///< the first user text
};

inline constexpr std::size_t affinity_bytes = 4096; ///< no more is looked at
/// Of which so many are left to the user's text: long instructions are the same for all.
inline constexpr std::size_t affinity_user_bytes = 1024;

/// The key of a request. Any bytes, any length.
/// @returns 0: nothing says where it belongs
std::uint64_t affinity_key(const affinity_source& from) noexcept;

/// Of a deployment's id, for `rendezvous_score`.
std::uint64_t deployment_hash(std::string_view id) noexcept;

/// A deployment's claim to a key: of several the highest one has it. Shares follow the weights;
/// when a deployment leaves or comes, only its own keys move.
/// @param weight above 0
double rendezvous_score(std::uint64_t key, std::uint64_t deployment, double weight) noexcept;

/// For deployments of one weight: what orders them as the score does, without its logarithm.
/// @returns between 0 and 1, neither of them
double rendezvous_place(std::uint64_t key, std::uint64_t deployment) noexcept;

} // namespace synapse::routing
