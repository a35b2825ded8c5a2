#include "config/text/document_reader.hpp"

#include "config/backend_types.hpp"
#include "config/validator.hpp"
#include "config/values/values.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <type_traits>

namespace synapse::config {

namespace {

constexpr std::size_t max_list = 64;
constexpr std::size_t max_words = 1024;
constexpr std::size_t max_rules = 32;
constexpr std::size_t max_aliases = 256;

/// What people copy from a client's settings or from a manual: the API's own paths begin with it.
constexpr std::array<std::string_view, 5> api_endings{
    "/v1", "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models"};

/// Where a problem with the entry's value is to be looked for.
std::size_t value_line(const yaml_entry& entry) {
  const bool below = entry.value->type == yaml_node::kind::scalar && entry.value->line > entry.line;
  return below ? entry.value->line : entry.line;
}

std::string without_dot(const std::string& prefix) {
  return prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1);
}

} // namespace

std::size_t document_reader::line_of(std::string key) const {
  while (!key.empty()) {
    if (const auto found = lines_.find(key); found != lines_.end())
      return found->second;
    const std::size_t cut = key.find_last_of(".[");
    key.resize(cut == std::string::npos ? 0 : cut);
  }
  return 0;
}

bool document_reader::is_reported(const std::string& key) const {
  // A text that is no map has nothing to check; without backends every route would seem to lead
  // nowhere.
  return reported_.contains("") || reported_.contains(key) ||
         (key.starts_with("routes.") && reported_.contains("backends"));
}

bool document_reader::expect_map(const std::string& key, const yaml_entry& entry) {
  if (entry.value->type == yaml_node::kind::map)
    return true;
  // A heading whose keys are all commented out reads as null, and means the defaults.
  if (entry.value->type != yaml_node::kind::null)
    report(value_line(entry), key, "must be a map of keys");
  return false;
}

const std::string* document_reader::scalar(const std::string& key, const yaml_entry& entry) {
  if (entry.value->type == yaml_node::kind::scalar)
    return &entry.value->text;
  report(entry.line, key,
         entry.value->type == yaml_node::kind::null ? "has no value" : "must be a single value");
  return nullptr;
}

/// Reads the entries of the map `from`: the fields of `Section` from its table, and those named in
/// `others` by calling `other`.
template <class Section, class Other>
void document_reader::read_map(const std::string& prefix, const yaml_entry& from, Section& into,
                               const name_list& others, Other&& other) {
  if (!expect_map(without_dot(prefix), from))
    return;
  name_list known = others;
  for (const field<Section>& one : fields_of<Section>())
    known.push_back(one.name);
  for (const yaml_entry& entry : from.value->entries) {
    if (problems_.full())
      return;
    const std::string key = prefix + entry.key;
    if (std::find(others.begin(), others.end(), entry.key) != others.end()) {
      lines_[key] = value_line(entry);
      other(entry);
    } else if (!read_field(key, entry, into)) {
      unknown_key(prefix, entry, known);
    }
  }
}

template <class Section>
bool document_reader::read_field(const std::string& key, const yaml_entry& from, Section& into) {
  for (const field<Section>& one : fields_of<Section>()) {
    if (one.name != from.key)
      continue;
    lines_[key] = value_line(from);
    std::visit(
        [&](auto member) {
          read_value(key, value_line(from), *from.value, one.range, into.*member);
        },
        one.member);
    return true;
  }
  return false;
}

/// Parses one value; on a problem `into` keeps its default.
template <class Value>
void document_reader::read_value(const std::string& key, std::size_t line, const yaml_node& from,
                                 const value_range& range, Value& into) {
  if constexpr (std::is_same_v<Value, std::vector<milliseconds>>) {
    if (from.type != yaml_node::kind::sequence || from.items.size() > max_list) {
      report(line, key, "must be a list of durations such as [500ms, 1s]");
      return;
    }
    Value values(from.items.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string item = key + "[" + std::to_string(i) + "]";
      lines_[item] = from.items[i]->line;
      read_value(item, from.items[i]->line, *from.items[i], range, values[i]);
    }
    into = std::move(values);
  } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
    if (from.type != yaml_node::kind::sequence || from.items.size() > max_words) {
      report(line, key,
             "must be a list of at most " + std::to_string(max_words) + " texts such as [a, b]");
      return;
    }
    Value values(from.items.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string item = key + "[" + std::to_string(i) + "]";
      lines_[item] = from.items[i]->line;
      read_value(item, from.items[i]->line, *from.items[i], range, values[i]);
    }
    into = std::move(values);
  } else {
    if (from.type != yaml_node::kind::scalar) {
      report(line, key,
             from.type == yaml_node::kind::null ? "has no value" : "must be a single value");
      return;
    }
    const auto take = [&](const auto& result) {
      if (!result)
        report(line, key, result.error);
      else if constexpr (std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>) {
        // Only what does not fit is caught here; the validator knows the real range.
        if (static_cast<double>(*result) > static_cast<double>(std::numeric_limits<Value>::max()))
          report(line, key, range_message(range, false));
        else
          into = static_cast<Value>(*result);
      } else
        into = *result;
    };
    if constexpr (std::is_same_v<Value, std::string>)
      into = from.text;
    else if constexpr (std::is_same_v<Value, milliseconds>)
      take(parse_duration(from.text));
    else if constexpr (std::is_same_v<Value, bool>)
      take(parse_boolean(from.text));
    else if constexpr (std::is_same_v<Value, double>)
      take(parse_number(from.text));
    else
      take(range.bytes ? parse_size(from.text) : parse_count(from.text));
  }
}

void document_reader::unknown_key(const std::string& prefix, const yaml_entry& entry,
                                  const name_list& known) {
  if (entry.key == "<<") {
    report(entry.line, prefix + entry.key,
           "merge keys are not supported; give the whole section an alias instead");
    return;
  }
  std::string suggestion = nearest(entry.key, known);
  // A right name on the wrong level: say where it belongs.
  std::string level = prefix;
  if (prefix.starts_with("backends."))
    level = "backends.<name>.";
  const std::string ending = "." + entry.key;
  for (const key_info& key : suggestion.empty() ? known_keys() : std::vector<key_info>{}) {
    const bool inside =
        level.empty() ? !key.path.starts_with("backends.") : key.path.starts_with(level);
    if (inside && key.path.ends_with(ending)) {
      suggestion = key.path.substr(level.size());
      break;
    }
  }
  report(entry.line, prefix + entry.key, "unknown key", suggestion);
}

void document_reader::read_health(const std::string& prefix, const yaml_entry& entry,
                                  health_settings& health) {
  if (entry.value->type == yaml_node::kind::scalar) {
    lines_[prefix + "path"] = value_line(entry);
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
  static const name_list others = {"url",     "type",        "health", "timeouts", "retry",
                                   "breaker", "concurrency", "pool",   "tls",      "authorization"};
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
  else if (row_of(backend.type).speaks_openai)
    take_as_meant(prefix + "url", backend.url);
}

void document_reader::take_as_meant(const std::string& key, backend_url& url) {
  for (const std::string_view ending : api_endings) {
    if (!url.base_path.ends_with(ending))
      continue;
    url.base_path.resize(url.base_path.size() - ending.size());
    problem note{file_, line_of(key), key, {}, {}, severity::note};
    note.message = "the " + quote(ending) +
                   " at its end is left out, because requests have it in "
                   "their paths: " +
                   url.to_string() + "/v1/chat/completions";
    problems_.add(std::move(note));
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
    lines_["backends." + inner.key] = inner.line;
    read_backend(inner, all.backends[inner.key]);
  }
}

template <class Take>
void document_reader::read_texts(const std::string& key, const yaml_entry& entry, std::size_t most,
                                 Take&& take) {
  if (!expect_map(key, entry))
    return;
  if (entry.value->entries.size() > most) {
    report(entry.line, key, "must not have more than " + std::to_string(most) + " entries");
    return;
  }
  for (const yaml_entry& inner : entry.value->entries) {
    const std::string name = key + "." + inner.key;
    lines_[name] = value_line(inner);
    if (const std::string* text = scalar(name, inner))
      take(inner.key, *text);
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
    lines_[name] = item->line;
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
}

settings document_reader::read(const yaml_node& root) {
  static const name_list others = {"backends", "routes", "listener", "limits", "cors",
                                   "drain",    "health", "models",   "cluster"};
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
