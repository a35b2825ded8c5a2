#include "actors/kubernetes/cluster_access.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace synapse::kubernetes {

namespace {

/// A token has one to two KiB.
constexpr std::size_t largest_token = 64 * 1024;

config::parsed<std::uint16_t> port_from(const variable_lookup& variables) {
  for (const char* name : {"KUBERNETES_SERVICE_PORT", "KUBERNETES_SERVICE_PORT_HTTPS"}) {
    const auto text = variables(name);
    if (text.empty())
      continue;
    const auto number = config::parse_count(text);
    if (!number || *number == 0 || *number > 65535)
      return config::parsed<std::uint16_t>::failure(std::string{name} +
                                                    " must be a port between 1 and 65535");
    return static_cast<std::uint16_t>(*number);
  }
  return std::uint16_t{443};
}

} // namespace

std::optional<config::backend_url> find_api(const std::string& override_url,
                                            const variable_lookup& variables, std::string& problem,
                                            bool& outside) {
  outside = false;
  if (!override_url.empty()) {
    const auto url = config::parse_url(override_url);
    // The token must not go out in the clear.
    if (url && url->tls)
      return *url;
    problem = "the address of the Kubernetes API: " +
              (url ? std::string{"the URL must begin with https://"} : url.error);
    return {};
  }
  config::backend_url api;
  api.tls = true;
  api.host = variables("KUBERNETES_SERVICE_HOST");
  if (api.host.empty() && variables("KUBERNETES_SERVICE_PORT").empty()) {
    outside = true;
    problem = "neither KUBERNETES_SERVICE_HOST nor SYNAPSE_KUBERNETES_API_URL is set: outside of a "
              "cluster the context size is what the router was started with";
    return {};
  }
  if (api.host.empty())
    api.host = "kubernetes.default.svc";
  // Some write an IPv6 address with brackets there.
  if (api.host.size() > 2 && api.host.front() == '[' && api.host.back() == ']')
    api.host = api.host.substr(1, api.host.size() - 2);
  const auto port = port_from(variables);
  if (!config::is_host(api.host))
    problem = "KUBERNETES_SERVICE_HOST is neither a host name nor an address";
  else if (!port)
    problem = port.error;
  else
    api.port = *port;
  return problem.empty() ? std::optional{api} : std::nullopt;
}

config::parsed<std::string> read_token(const std::string& directory) {
  const auto path = directory + "/token";
  const auto failure = [&](const std::string& why) {
    return config::parsed<std::string>::failure(
        "cannot use the service account's token " + path + ": " + why +
        " (the pod needs a service account with automountServiceAccountToken)");
  };
  std::string error;
  const auto file = config::read_file(path, largest_token, &error);
  if (!file)
    return failure("it " + error);
  if (file->text.size() > largest_token)
    return failure("it is too large for a token");
  const auto end = file->text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos)
    return failure("it is empty");
  auto token = file->text.substr(0, end + 1);
  // Such a character would end the header line it is put into.
  if (!std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; }))
    return failure("it has characters that no token has");
  return token;
}

std::string authority_file(const std::string& directory) {
  return directory + "/ca.crt";
}

std::string deployment_path(const config::backend_url& api, std::string_view name_space,
                            std::string_view name) {
  return api.base_path + "/apis/apps/v1/namespaces/" + std::string{name_space} + "/deployments/" +
         std::string{name};
}

} // namespace synapse::kubernetes
