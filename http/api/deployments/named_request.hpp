/// @file
/// Requests of a kind whose path may have a route besides the catalog.
#pragma once

#include "http/server/exchange/exchange.hpp"
#include "routing/names/name_table.hpp"

#include <string_view>

namespace synapse::api {

/// Whether the model of a request has to be looked at.
/// @param has_route the request's path leads to a backend without it
bool concerns_catalog(server::exchange& exchange, routing::kind what, bool has_route) noexcept;

/// The name that a request means; null: none of the catalog, or one that is there for other kinds
/// (a pattern may match anything) while there is a route.
const routing::model_name* name_for(server::exchange& exchange, std::string_view model,
                                    routing::kind what, bool has_route) noexcept;

} // namespace synapse::api
