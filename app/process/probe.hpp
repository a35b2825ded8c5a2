/// @file
/// The program as its own health check: a question to the gateway that listens beside it.
#pragma once

#include "config/settings.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace synapse::app {

/// Connection, TLS handshake and answer in all.
inline constexpr std::chrono::milliseconds probe_limit{3000};

/// Asks `path` of the gateway that listens as `at` says, on a loopback address if it listens on
/// all. A certificate is not verified: it is our own. Blocks, for `limit` at most; only a listener
/// that is named by a host name may take longer, as long as the system's resolver.
/// @returns what is wrong, without a full stop; "" when the answer was 200.
std::string probe(const config::listener_settings& at, std::string_view path,
                  std::chrono::milliseconds limit = probe_limit);

} // namespace synapse::app
