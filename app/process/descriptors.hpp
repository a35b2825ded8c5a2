/// @file
/// How many files and sockets this process may have open, and what follows from that.
#pragma once

#include "config/settings.hpp"

#include <cstddef>
#include <string>

namespace synapse::app {

/// Raises the soft limit (RLIMIT_NOFILE) to the hard one, which needs no right. @returns the limit
/// in force.
std::size_t raise_descriptor_limit();

/// How many client connections fit: two descriptors each, one for the client and one for the
/// backend, after those of the process itself, of probes and of the cluster. At least 1.
std::size_t connections_for(std::size_t descriptors, const config::settings& settings,
                            unsigned threads);

/// What to tell when fewer fit than are configured; empty when all do.
std::string descriptor_notice(std::size_t fit, std::size_t descriptors,
                              const config::settings& settings);

} // namespace synapse::app
