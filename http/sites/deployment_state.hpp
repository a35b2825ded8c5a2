/// @file
/// How a deployment is, in one word and with the reason: the same for pages, answers and metrics.
#pragma once

#include "http/sites/thread_routes.hpp"
#include "routing/failure/verdict.hpp"
#include "routing/names/name_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::client {

/// The worst comes last.
enum class deployment_word : std::uint8_t { ready, full, half_open, no_address, shut, drained };
std::string_view to_string(deployment_word what) noexcept;

struct deployment_state {
  deployment_word word = deployment_word::ready;
  routing::trouble why = routing::trouble::none; ///< of `shut` and `half_open`
  net::time_ns until = 0; ///< when it may be tried (`shut`, `full`), by the thread's clock; 0: soon
  /// Of what kind of requests it is so; nothing: of all.
  std::optional<routing::kind> kind;
  std::string found_by; ///< the replica whose word it is; empty: this one has found it out
};

/// The worst of all kinds of requests that the deployment is there for. On the routes' thread.
deployment_state state_of(const thread_routes& routes, const routing::deployment& which,
                          net::time_ns now);

/// The average until the first token over the sizes of prompts that there were samples of lately,
/// ns; 0: there were none. On the routes' thread.
double first_token_ns(const thread_routes& routes, const routing::deployment& which,
                      net::time_ns now);

/// Bits of the kinds and capabilities that it has, as far as known.
std::uint16_t capabilities_of(const thread_routes& routes,
                              const routing::deployment& which) noexcept;

} // namespace synapse::client
