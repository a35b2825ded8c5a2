#include "http/api/models/catalog_list.hpp"

#include "http/core/json/json_text.hpp"
#include "http/sites/thread_standing.hpp"
#include "providers/discovered_names.hpp"
#include "routing/catalog.hpp"
#include "routing/records/deployment_record.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace synapse::api {

namespace {
/// Names that one pattern adds to a list.
constexpr std::size_t most_expanded = 4096;

/// What the deployments of a name come to together.
struct summary {
  std::size_t deployments = 0;
  std::size_t ready = 0;
  bool loaded = false;
  bool load_known = false;
  std::size_t context = 0; ///< of the largest
  std::uint16_t can = 0;   ///< kinds and capabilities that one of them has
};

/// The kind whose cell tells most about a name.
routing::kind main_kind(const routing::model_name& name) {
  for (const auto what : config::all_kinds)
    if ((name.kinds & config::capability_set::bit(what)) != 0)
      return what;
  return routing::kind::chat;
}

void append_text(std::string& out, std::string_view text) {
  out += http::dump(nlohmann::ordered_json(text));
}

summary summary_of(const client::thread_routes& routes, const routing::model_name& name,
                   net::time_ns now) {
  client::thread_standing known{routes, now};
  summary result;
  const auto what = main_kind(name);
  for (const auto& one : name.deployments) {
    ++result.deployments;
    const auto state = known.of(one, what);
    if (!state.drained && state.shut_until <= now)
      ++result.ready;
    const auto load = state.meter->load();
    result.load_known = result.load_known || load != routing::load_state::unknown;
    result.loaded = result.loaded || load == routing::load_state::loaded;
    result.context = std::max(result.context, state.context);
    const auto has = static_cast<std::uint16_t>((one.capabilities.yes | state.capabilities.yes) &
                                                ~(one.capabilities.no | state.capabilities.no));
    result.can = static_cast<std::uint16_t>(result.can | has);
  }
  return result;
}
} // namespace

catalog_list::catalog_list(const client::thread_routes& routes, net::time_ns now)
    : routes_(routes), now_(now) {}

/// What every entry of a name says after its id, those of its aliases as well.
std::string catalog_list::facts(const routing::model_name& name) const {
  const auto known = summary_of(routes_, name, now_);
  std::string out = R"(,"object":"model","created":0,"owned_by":"synapse","synapse":{"ready":)";
  out += known.ready > 0 ? "true" : "false";
  out += R"(,"loaded":)";
  out += !known.load_known ? "null" : known.loaded ? "true" : "false";
  out += R"(,"context":)" + (known.context == 0 ? "null" : std::to_string(known.context));
  out += R"(,"capabilities":[)";
  bool first = true;
  // What is known; while nothing is, what its backends' types may be there for.
  const auto can = known.can != 0 ? known.can : name.kinds;
  for (const auto what : config::all_capabilities)
    if ((can & config::capability_set::bit(what)) != 0) {
      out += std::exchange(first, false) ? "" : ",";
      append_text(out, to_string(what));
    }
  out += R"(],"deployments":)" + std::to_string(known.deployments);
  out += R"(,"ready_deployments":)" + std::to_string(known.ready);
  return out;
}

/// @param facts of the name
void catalog_list::append(std::string& out, std::string_view id, const routing::model_name& name,
                          std::string_view facts) const {
  out += R"({"id":)";
  append_text(out, id);
  out += facts;
  if (id != name.settings->name && !name.settings->is_pattern()) {
    out += R"(,"alias_of":)";
    append_text(out, name.settings->name);
  }
  out += "}}";
}

/// What clients may call a model of a deployment whose own name is a star, so that the pattern
/// matches it; of others nothing is known.
std::string asked_name(const routing::model_name& name, const routing::deployment& one,
                       std::string_view listed) {
  const auto& pattern = name.settings->name;
  const bool simple =
      one.settings->model == "*" && std::count(pattern.begin(), pattern.end(), '*') == 1;
  if (!simple)
    return {};
  std::string asked = pattern;
  asked.replace(asked.find('*'), 1, listed);
  return asked;
}

/// Names that a pattern matches and its backends list.
std::vector<std::string> catalog_list::expanded(const routing::model_name& name) const {
  std::vector<std::string> result;
  std::unordered_set<std::string> seen;
  for (const auto& one : name.deployments) {
    const auto& discovered = routes_.snapshot->backends[one.backend].discovered;
    if (!discovered)
      continue;
    const auto list = discovered->list();
    for (const auto& model : *list) {
      auto asked = asked_name(name, one, model.name);
      if (result.size() < most_expanded && !asked.empty() &&
          routes_.catalog().names().find(asked) == &name && seen.insert(asked).second)
        result.push_back(std::move(asked));
    }
  }
  return result;
}

const routing::model_name* catalog_list::find(std::string_view id) const {
  return id.empty() ? nullptr : routes_.catalog().names().find(id);
}

std::string catalog_list::all(const std::vector<std::string>& others) const {
  std::string out = R"({"object":"list","data":[)";
  bool first = true;
  for (const auto& name : routes_.catalog().names().names()) {
    if (name.settings->hidden)
      continue;
    const auto same = facts(name);
    const auto add = [&](std::string_view id) {
      if (!std::exchange(first, false))
        out += ',';
      append(out, id, name, same);
    };
    if (name.settings->is_pattern())
      for (const auto& id : expanded(name))
        add(id);
    else
      add(name.settings->name);
    for (const auto& alias : name.settings->aliases)
      add(alias);
  }
  for (const auto& entry : others) {
    if (!std::exchange(first, false))
      out += ',';
    out += entry;
  }
  return out + "]}";
}

std::string catalog_list::one(std::string_view id) const {
  std::string out;
  if (const auto* name = find(id))
    append(out, id, *name, facts(*name));
  return out;
}

std::vector<std::string_view> catalog_list::ids() const {
  std::vector<std::string_view> result;
  for (const auto& name : routes_.catalog().names().names()) {
    if (name.settings->hidden)
      continue;
    if (!name.settings->is_pattern())
      result.push_back(name.settings->name);
    result.insert(result.end(), name.settings->aliases.begin(), name.settings->aliases.end());
  }
  return result;
}

} // namespace synapse::api
