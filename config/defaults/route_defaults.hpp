/// @file
/// What the loader adds to a file that leaves it out: routes for the API's own paths and timeouts
/// that fit the use of a backend. Pure functions; any thread.
#pragma once

#include "config/settings.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace synapse::config {

/// A path of the API and the conventional name of the backend that serves it.
struct default_route {
  std::string_view path;
  std::string_view backend;
};

/// All of them.
std::span<const default_route> default_routes();

/// The route that serves `path`: the exact one, else the longest prefix; null when there is none. A
/// `path` that ends in "/*" asks for a route that covers all below it.
const route_settings* find_route(const settings& all, std::string_view path);

/// Appends every default route that no route of `all` covers and whose backend exists.
void append_default_routes(settings& all);

/// Response, first-token and idle timeouts by use, list_models by type, and whether the path of the
/// health check may be found out, where
/// `given("backends.<name>.timeouts.response")` etc. says that the file is silent.
void apply_use_defaults(settings& all, const std::function<bool(const std::string&)>& given);

} // namespace synapse::config
