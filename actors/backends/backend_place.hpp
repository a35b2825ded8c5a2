/// @file
/// Whether backends of two replicas are one server.
#pragma once

#include "config/settings.hpp"

#include <cstdint>

namespace synapse::actors {

/// Of the server behind a backend's URL: the same for all replicas that reach the same one under
/// this URL, which is each one's own where the host is a loopback address of its machine. Any
/// thread.
std::uint64_t place_of(const config::backend_url& url);
/// Of this process's own loopback, where the URL leads there; 0: it does not. Any thread.
std::uint64_t loopback_of(const config::backend_url& url);

} // namespace synapse::actors
