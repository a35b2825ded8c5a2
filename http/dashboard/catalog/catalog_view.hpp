/// @file
/// The catalog of names with what is known of their deployments, for people.
#pragma once

#include "http/sites/thread_routes.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>

namespace synapse::api {

/// More deployments are counted and not described.
inline constexpr std::size_t most_deployments_shown = 4096;

/// Names in the order of the file. On the routes' thread. @param now of the thread's clock
nlohmann::ordered_json describe_catalog(const client::thread_routes& routes, net::time_ns now);

} // namespace synapse::api
