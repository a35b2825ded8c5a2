/// @file
/// Where the Kubernetes API is and what lets us in, as every pod is told (kubernetes/client-go,
/// rest/config.go). Any thread; files are small and read with a bound.
#pragma once

#include "config/settings.hpp"
#include "config/text/file_text.hpp"
#include "config/values/values.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::kubernetes {

/// The value of an environment variable; empty when it is not set.
using variable_lookup = std::function<std::string(const std::string& name)>;

/// Where the API is. @param override_url https://…; empty: KUBERNETES_SERVICE_HOST and
/// KUBERNETES_SERVICE_PORT (else KUBERNETES_SERVICE_PORT_HTTPS, else 443) tell.
/// @returns nothing, with `problem` set, when they do not; then `outside` tells whether that is
/// because this process does not run in a cluster.
std::optional<config::backend_url> find_api(const std::string& override_url,
                                            const variable_lookup& variables, std::string& problem,
                                            bool& outside);

/// The service account's token as it is now: Kubernetes replaces the file about once an hour.
/// @returns it without trailing white space, or a sentence without anything of the file's content.
config::parsed<std::string> read_token(const std::string& directory);

/// The file with the authority that the API's certificate has to be signed by.
std::string authority_file(const std::string& directory);

/// "/apis/apps/v1/namespaces/…/deployments/…" of such an API.
std::string deployment_path(const config::backend_url& api, std::string_view name_space,
                            std::string_view name);

} // namespace synapse::kubernetes
