/// @file
/// The one list of routes: method, path, who may call it, handler, description. Route table,
/// OpenAPI document and docs page are made from it.
#pragma once

#include "http/openapi/api_route.hpp"
#include "http/server/routes/route_table.hpp"

#include <span>
#include <string_view>

namespace synapse::api {

/// All of them.
std::span<const api_route> api_routes();

/// What pages of other origins may cause by it. The gateway's own pages may be linked to from
/// anywhere; what they load and what says how the gateway is costs nothing. All else asks a backend
/// or a disk, or tells what is behind the gate.
server::foreign_use foreign_use_of(const api_route& entry);
/// Whether it is served under any Host.
bool has_any_name(const api_route& entry);

/// The name under which metrics have the routes that only the configuration knows.
inline constexpr std::string_view configured_route = "(configured)";

/// Whether its requests are people's own, as opposed to what the dashboard and probes ask.
bool is_traffic(const api_route& route);
/// The same by path; true for paths that are not the API's.
bool is_traffic_route(std::string_view path);

/// Adds all routes to `table`.
/// @param services all there are; a handler without its one must not be called.
/// @param metrics_of gives a route's metrics.
void add_routes(server::route_table& table, const service_set& services,
                const std::function<telemetry::route_metrics*(std::string_view)>& metrics_of);

} // namespace synapse::api
