/// @file
/// Routes that follow from what the backends are, where neither `routes:` nor a usual name says
/// where requests go. Pure functions; any thread.
#pragma once

#include "config/settings.hpp"
#include "config/text/config_error.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

/// Stands in a route for a backend's name: the backend that lists the request's model.
inline constexpr std::string_view by_model = "*";

/// Whether a route of this path may lead to `by_model`: its requests name a model in a JSON body.
bool may_go_by_model(std::string_view path);

/// Names of the backends that such a route leads to, in order: those that list their models.
std::vector<std::string_view> backends_with_models(const settings& all);

/// Appends, for paths that no route of `all` covers,
///  - those of the LLM API: to the one openai-compatible backend that has no other use, or to
///    `by_model` where there are several;
///  - those of speech, recognition, speakers and audio: to the one backend of that type.
/// Where there is a catalog it decides about paths below `/v1/`, and they get none. After the
/// default routes. `given("backends.<name>.list_models")` says whether the file has it.
/// @returns the paths that were appended.
std::vector<std::string>
append_derived_routes(settings& all, const std::function<bool(const std::string&)>& given);

/// A warning for each backend that no request can reach, by route or through the catalog, with what
/// to write. After all routes and defaults are there.
std::vector<problem> unserved_backends(const settings& all);

} // namespace synapse::config
