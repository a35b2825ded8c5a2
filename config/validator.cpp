#include "config/validator.hpp"

#include "config/defaults/derived_routes.hpp"
#include "config/defaults/route_defaults.hpp"
#include "config/rules/catalog_rules.hpp"
#include "config/rules/fallback_rules.hpp"
#include "config/rules/field_rules.hpp"
#include "config/rules/gpu_rules.hpp"
#include "config/schema.hpp"
#include "config/values/origins.hpp"
#include "config/values/values.hpp"

#include <algorithm>
#include <set>

namespace synapse::config {

namespace {

/// A certificate is of no use without its key, and the other way round.
template <class Tls>
void check_certificate(report& out, const std::string& prefix, const Tls& tls) {
  if (!tls.certificate.empty() && tls.key.empty())
    out.add(prefix + "certificate", "needs tls.key as well");
  if (tls.certificate.empty() && !tls.key.empty())
    out.add(prefix + "key", "needs tls.certificate as well");
}

bool is_path(std::string_view path) {
  return path.starts_with('/') && std::all_of(path.begin(), path.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '#';
         });
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

void check_authorization(report& out, const std::string& prefix,
                         const authorization_settings& authorization) {
  // The value is not repeated: a key pasted here by mistake must not reach a log.
  if (!authorization.bearer_env.empty() && !is_variable_name(authorization.bearer_env))
    out.add(prefix + "bearer_env", "must be the name of an environment variable, not a key");
  if (!authorization.bearer_env.empty() && !authorization.bearer_file.empty())
    out.add(prefix + "bearer_file", "bearer_env and bearer_file must not both be set");
}

/// Names and origins are compared with what browsers send: written otherwise they would fit
/// nothing.
void check_names(report& out, const settings& all) {
  const auto blank = [](const std::string& text) {
    return text.find_first_not_of(" \t") == std::string::npos; // said already
  };
  for (std::size_t i = 0; i < all.listener.hosts.size(); ++i) {
    const auto& name = all.listener.hosts[i];
    const auto key = "listener.hosts[" + std::to_string(i) + "]";
    if (blank(name) || is_host(name))
      continue;
    // A URL, or a name with its port: whoever writes that means the name.
    const auto url = parse_origin(name.find("://") == std::string::npos ? "http://" + name : name);
    std::string meant = url ? url->substr(url->find("://") + 3) : std::string{};
    meant = meant.starts_with('[') ? meant.substr(1, meant.find(']') - 1)
                                   : meant.substr(0, meant.find(':'));
    out.add(key, "must be a host name or an address alone; any port is served", meant);
  }
  for (std::size_t i = 0; i < all.cors.origins.size(); ++i) {
    const auto& text = all.cors.origins[i];
    const auto key = "cors.origins[" + std::to_string(i) + "]";
    if (blank(text))
      continue;
    const auto origin = parse_origin(text);
    if (!origin)
      out.add(key, origin.error);
    else if (*origin != text)
      out.add(key,
              "must be written as browsers send it: scheme://host[:port] in small letters, "
              "without a default port and without a path",
              *origin);
  }
}

void check_models(report& out, const model_settings& models) {
  if (models.choice.general.empty())
    out.add("models.auto.general", "must name a model");
  for (std::size_t i = 0; i < models.choice.rules.size(); ++i) {
    const std::string prefix = "models.auto.rules[" + std::to_string(i) + "].";
    check_fields(out, prefix, models.choice.rules[i]);
    if (models.choice.rules[i].model.empty())
      out.add(prefix + "model", "must name a model");
    if (models.choice.rules[i].words.empty())
      out.add(prefix + "words", "must not be empty: such a rule never decides");
  }
  const auto chooses = [&](const std::string& name) {
    return name.empty() || std::find(models.choice.names.begin(), models.choice.names.end(),
                                     name) != models.choice.names.end();
  };
  for (const auto& [name, model] : models.aliases) {
    const std::string key = "models.aliases." + name;
    check_value(out, key, model, value_range{});
    if (model.empty())
      out.add(key, "must name a model");
    else if (models.aliases.contains(model))
      out.add(key, "names another alias; name the model itself");
    else if (chooses(model))
      out.add(key, "means that the gateway chooses; add the name to models.auto.names instead");
    if (chooses(name))
      out.add(key, "is a name that leaves the choice to the gateway, see models.auto.names");
  }
}

/// `key` holds `text`, which has to be host:port with a port to connect to.
void check_address(report& out, const std::string& key, const std::string& text) {
  const auto address = parse_host_port(text);
  if (!address)
    out.add(key, address.error);
}

void check_cluster(report& out, const cluster_settings& cluster) {
  if (!is_host(cluster.listen))
    out.add("cluster.listen", "must be a host name or an address (IPv6 without brackets)");
  if (!cluster.advertise.empty())
    check_address(out, "cluster.advertise", cluster.advertise);
  if (cluster.peers.size() > cluster.max_members)
    out.add("cluster.peers", "must not have more entries than max_members");
  for (std::size_t i = 0; i < cluster.peers.size(); ++i)
    check_address(out, "cluster.peers[" + std::to_string(i) + "]", cluster.peers[i]);
  if (!cluster.dns.empty() && !is_host(cluster.dns))
    out.add("cluster.dns", "must be a host name");
  // The value is not repeated: a secret pasted here by mistake must not reach a log.
  if (!cluster.secret_env.empty() && !is_variable_name(cluster.secret_env))
    out.add("cluster.secret_env", "must be the name of an environment variable, not a secret");
  if (!cluster.secret_env.empty() && !cluster.secret_file.empty())
    out.add("cluster.secret_file", "secret_env and secret_file must not both be set");
  if (cluster.timeout < 2 * cluster.heartbeat)
    out.add("cluster.timeout", "must be at least twice as long as heartbeat");
  if (cluster.redial.max < cluster.redial.min)
    out.add("cluster.redial.max", "must not be shorter than redial.min");
  const cluster_tls_settings& tls = cluster.tls;
  const bool some = !tls.certificate.empty() || !tls.key.empty() || !tls.ca.empty();
  const auto needed = [&](const char* key, const std::string& value) {
    if (some && value.empty())
      out.add(std::string{"cluster.tls."} + key,
              "is required: without certificate, key and ca together anybody could connect");
  };
  needed("certificate", tls.certificate);
  needed("key", tls.key);
  needed("ca", tls.ca);
}

void check_backend(report& out, const std::string& name, const backend_settings& backend,
                   const settings& all) {
  const std::string prefix = "backends." + name + ".";
  check_name(out, "backends." + name, name, "a backend");
  for_each_backend_section(backend, [&](std::string_view path, const auto& section) {
    check_fields(out, prefix + std::string{path}, section);
  });
  if (!is_host(backend.url.host))
    out.add(prefix + "url", "has no valid host");
  if (!is_path(backend.health.path))
    out.add(prefix + "health.path", "must be a path that begins with \"/\", without blanks");
  if (backend.retry.attempts > 1 && backend.retry.waits.empty())
    out.add(prefix + "retry.waits", "must not be empty when there is more than one attempt");
  check_certificate(out, prefix + "tls.", backend.tls);
  if (!backend.url.tls && backend.tls != upstream_tls_settings{})
    out.add(prefix + "tls", "has no effect on an http:// URL; use https:// or remove it");
  check_authorization(out, prefix + "authorization.", backend.authorization);
  check_backend_use(out, prefix, backend, all);
}

void check_route(report& out, const route_settings& route, const settings& all,
                 std::span<const std::string_view> names) {
  const std::string key = "routes." + route.path;
  const std::string_view stem = std::string_view{route.path}.substr(
      0, route.path.size() - (route.path.ends_with("/*") ? 1 : 0));
  if (!is_path(route.path) || route.path.find('?') != std::string::npos)
    out.add(key, "a route must be a path that begins with \"/\", without blanks or a query");
  else if (stem.find('*') != std::string_view::npos)
    out.add(key, "\"*\" may only stand at the end, after a \"/\"");
  if (route.path.size() > max_text)
    out.add(key, "is longer than " + std::to_string(max_text) + " bytes");
  if (route.backend == by_model && may_go_by_model(route.path)) {
    if (backends_with_models(all).empty())
      out.add(key, "\"*\" leads to the backend that lists the model, and none lists any");
  } else if (route.backend == by_model) {
    out.add(key, "\"*\" is for routes whose requests name a model; name a backend");
  } else if (!all.backends.contains(route.backend))
    out.add(key, "unknown backend " + quote(route.backend), out.near(route.backend, names));
}

void check_routes(report& out, const settings& all) {
  // The loader may have appended its own to a full list.
  if (all.routes.size() > max_routes + default_routes().size()) {
    out.add("routes", "must not have more than " + std::to_string(max_routes) + " entries");
    return;
  }
  const auto names = names_in(all.backends);
  std::set<std::string_view> seen;
  for (const route_settings& route : all.routes) {
    check_route(out, route, all, names);
    if (!seen.insert(route.path).second)
      out.add("routes." + route.path, "given twice");
  }
}

} // namespace

std::vector<problem> validate(const settings& all) {
  report out;
  for_each_section(all, [&](std::string_view path, const auto& section) {
    check_fields(out, std::string{path}, section);
  });
  if (!is_host(all.listener.host))
    out.add("listener.host", "must be a host name or an address (IPv6 without brackets)");
  check_certificate(out, "listener.tls.", all.listener.tls);
  check_names(out, all);
  check_models(out, all.models);
  check_cluster(out, all.cluster);
  if (all.backends.empty())
    out.add("backends", "there must be at least one backend");
  if (all.backends.size() > max_backends)
    out.add("backends", "must not have more than " + std::to_string(max_backends) + " entries");
  else
    for (const auto& [name, backend] : all.backends)
      check_backend(out, name, backend, all);
  check_routes(out, all);
  check_gpus(out, all);
  check_catalog(out, all);
  check_fallbacks(out, all);
  return out.take();
}

} // namespace synapse::config
