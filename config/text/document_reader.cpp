#include "config/text/document_reader.hpp"

#include "config/backend_types.hpp"
#include "config/catalog/catalog_reader.hpp"
#include "config/validator.hpp"
#include "config/values/values.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace synapse::config {

namespace {

constexpr std::size_t max_rules = 32;
constexpr std::size_t max_aliases = 256;

/// What people copy from a client's settings or from a manual: the API's own paths begin with it.
constexpr std::array<std::string_view, 6> api_endings{
    "/v1",        "/v1/chat/completions", "/v1/completions", "/v1/embeddings",
    "/v1/models", "/v1/messages"};

} // namespace

void document_reader::read_health(const std::string& prefix, const yaml_entry& entry,
                                  health_settings& health) {
  if (entry.value->type == yaml_node::kind::scalar) {
    stands_at(prefix + "path", value_line(entry));
    health.path = entry.value->text;
  } else {
    read_section(prefix, entry, health);
  }
}

void document_reader::read_backend_key(const std::string& prefix, const yaml_entry& entry,
                                       backend_settings& backend) {
  const std::string key = prefix + entry.key;
  if (entry.key == "url") {
    if (const std::string* text = scalar(key, entry)) {
      if (const auto url = parse_url(*text))
        backend.url = *url;
      else
        report(value_line(entry), key, url.error);
    }
  } else if (entry.key == "type") {
    if (const std::string* text = scalar(key, entry)) {
      if (const auto type = parse_backend_type(*text))
        backend.type = *type;
      else
        report(value_line(entry), key, type.error, nearest(*text, backend_type_names()));
    }
  } else if (entry.key == "health") {
    read_health(key + ".", entry, backend.health);
  } else {
    for_each_backend_section(backend, [&](std::string_view path, auto& section) {
      if (path == entry.key + ".")
        read_section(key + ".", entry, section);
    });
  }
}

void document_reader::read_backend(const yaml_entry& entry, backend_settings& backend) {
  static const name_list others = {"url",   "type",          "health",      "timeouts",
                                   "retry", "breaker",       "concurrency", "pool",
                                   "tls",   "authorization", "vram",        "sleep"};
  const std::string prefix = "backends." + entry.key + ".";
  backend.name = entry.key;
  // A URL that is missing or wrong is reported here, not once more by the validator.
  backend.url.host = "unknown";
  backend.url.tls = true;
  if (entry.value->type != yaml_node::kind::map) {
    report(value_line(entry), without_dot(prefix), "must be a map with url, type and health");
    return;
  }
  read_map(prefix, entry, backend, others,
           [&](const yaml_entry& inner) { read_backend_key(prefix, inner, backend); });
  if (!was_given(prefix + "url"))
    report(entry.line, prefix + "url", "is required");
  else
    take_as_meant(prefix + "url", backend);
}

void document_reader::take_as_meant(const std::string& key, backend_settings& backend) {
  backend_url& url = backend.url;
  const bool chats = row_of(backend.type).speaks_openai;
  if (!chats && backend.type != backend_type::anthropic)
    return;
  for (const std::string_view ending : api_endings) {
    if (!url.base_path.ends_with(ending))
      continue;
    url.base_path.resize(url.base_path.size() - ending.size());
    note(key, "the " + quote(ending) +
                  " at its end is left out, because requests have it in their paths: " +
                  url.to_string() + (chats ? "/v1/chat/completions" : "/v1/messages"));
    return;
  }
}

void document_reader::read_backends(const yaml_entry& entry, settings& all) {
  if (!expect_map("backends", entry))
    return;
  if (entry.value->entries.size() > max_backends) {
    report(entry.line, "backends",
           "must not have more than " + std::to_string(max_backends) + " entries");
    return;
  }
  for (const yaml_entry& inner : entry.value->entries) {
    stands_at("backends." + inner.key, inner.line);
    read_backend(inner, all.backends[inner.key]);
  }
}

namespace {
/// Requests' paths have their escapes in capitals (RFC 3986 section 6.2.2.1) when a route is
/// chosen.
std::string with_capital_escapes(std::string path) {
  for (auto at = path.find('%'); at != std::string::npos; at = path.find('%', at + 1))
    for (auto i = at + 1; i < std::min(at + 3, path.size()); ++i)
      if (path[i] >= 'a' && path[i] <= 'f')
        path[i] = static_cast<char>(path[i] - 'a' + 'A');
  return path;
}
} // namespace

void document_reader::read_routes(const yaml_entry& entry, settings& all) {
  read_texts("routes", entry, max_routes, [&](const std::string& path, const std::string& backend) {
    all.routes.push_back({with_capital_escapes(path), backend});
  });
}

void document_reader::read_listener(const yaml_entry& entry, listener_settings& listener) {
  read_map("listener.", entry, listener, {"tls"},
           [&](const yaml_entry& inner) { read_section("listener.tls.", inner, listener.tls); });
}

void document_reader::read_model_rules(const yaml_entry& entry, model_choice_settings& choice) {
  const std::string key = "models.auto.rules";
  if (entry.value->type != yaml_node::kind::sequence || entry.value->items.size() > max_rules) {
    report(value_line(entry), key,
           "must be a list of at most " + std::to_string(max_rules) +
               " rules such as {model: name, words: [code, bug]}");
    return;
  }
  choice.rules.clear();
  for (std::size_t i = 0; i < entry.value->items.size(); ++i) {
    const auto& item = entry.value->items[i];
    const std::string name = key + "[" + std::to_string(i) + "]";
    stands_at(name, item->line);
    if (item->type != yaml_node::kind::map) {
      report(item->line, name, "must be a map with model and words");
      // In its place, so that the problems of later entries bear their own numbers.
      choice.rules.push_back({name, {name}});
      continue;
    }
    model_rule rule;
    read_section(name + ".", {name, item->line, item}, rule);
    if (!was_given(name + ".model"))
      report(item->line, name + ".model", "is required");
    choice.rules.push_back(std::move(rule));
  }
}

void document_reader::read_models(const yaml_entry& entry, model_settings& models) {
  read_map("models.", entry, models, {"auto", "aliases"}, [&](const yaml_entry& inner) {
    if (inner.key == "auto") {
      read_map("models.auto.", inner, models.choice, {"rules"},
               [&](const yaml_entry& rules) { read_model_rules(rules, models.choice); });
      return;
    }
    read_texts(
        "models.aliases", inner, max_aliases,
        [&](const std::string& name, const std::string& model) { models.aliases[name] = model; });
  });
}

void document_reader::read_cluster(const yaml_entry& entry, cluster_settings& cluster) {
  read_map("cluster.", entry, cluster, {"tls", "redial"}, [&](const yaml_entry& inner) {
    if (inner.key == "tls")
      read_section("cluster.tls.", inner, cluster.tls);
    else
      read_section("cluster.redial.", inner, cluster.redial);
  });
}

void document_reader::read_top(const yaml_entry& entry, settings& all) {
  if (entry.key == "backends")
    read_backends(entry, all);
  else if (entry.key == "routes")
    read_routes(entry, all);
  else if (entry.key == "listener")
    read_listener(entry, all.listener);
  else if (entry.key == "limits")
    read_section("limits.", entry, all.limits);
  else if (entry.key == "cors")
    read_section("cors.", entry, all.cors);
  else if (entry.key == "drain")
    read_section("drain.", entry, all.drain);
  else if (entry.key == "health")
    read_section("health.", entry, all.health);
  else if (entry.key == "models")
    read_models(entry, all.models);
  else if (entry.key == "cluster")
    read_cluster(entry, all.cluster);
  else
    read_catalog_key(*this, entry, all);
}

settings document_reader::read(const yaml_node& root) {
  static const name_list others = {"backends",  "routes",  "listener", "limits",  "cors",
                                   "drain",     "health",  "models",   "cluster", "catalog",
                                   "fallbacks", "routing", "gpus",     "litellm"};
  settings all;
  if (root.type != yaml_node::kind::map && root.type != yaml_node::kind::null) {
    report(root.line, "", "the file must be a map with backends and routes");
    return all;
  }
  // Room for anchors: what begins with x- belongs to the author of the file.
  yaml_node top = root;
  std::erase_if(top.entries, [](const yaml_entry& entry) { return entry.key.starts_with("x-"); });
  read_map("", {"", root.line, std::make_shared<yaml_node>(std::move(top))}, all, others,
           [&](const yaml_entry& entry) { read_top(entry, all); });
  return all;
}

} // namespace synapse::config
