#include "config/litellm/parts/groups.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace synapse::config::litellm {

namespace {

constexpr std::size_t max_names = 2048;
constexpr std::size_t max_deployments = 32;
constexpr std::size_t max_aliases = 16;
constexpr std::size_t max_patterns = 64;

using entries_of_name = std::vector<model_entry>;

/// LiteLLM does not look at an entry without `order` while another is healthy; here it comes last.
void set_tiers(entries_of_name& group, context& say) {
  std::optional<std::uint64_t> least;
  std::uint64_t most = 0;
  for (const model_entry& one : group)
    if (one.order) {
      least = std::min(least.value_or(*one.order), *one.order);
      most = std::max(most, *one.order);
    }
  if (!least)
    return;
  const std::uint64_t up = *least == 0 ? 1 : 0; // tiers begin with 1
  for (model_entry& one : group) {
    one.what.order = static_cast<unsigned>(one.order.value_or(most + 1) + up);
    if (!one.order)
      say.warn(one.at, "has no order, and others of this name have: it comes last");
  }
}

/// Gives weights by `value` of each, the smallest of which becomes 1; false when one has none.
template <class Value>
bool weigh_by(entries_of_name& group, Value&& value) {
  double least = 0;
  for (const model_entry& one : group) {
    const double own = value(one);
    if (own <= 0)
      return false;
    least = least == 0 ? own : std::min(least, own);
  }
  for (model_entry& one : group)
    one.what.weight = value(one) / least;
  return true;
}

void set_weights(entries_of_name& group, context& say) {
  const bool has_weights =
      std::any_of(group.begin(), group.end(), [](const model_entry& one) { return one.weight; });
  if (!has_weights) {
    if (!weigh_by(group, [](const model_entry& one) { return static_cast<double>(one.what.rpm); }))
      weigh_by(group, [](const model_entry& one) { return static_cast<double>(one.what.tpm); });
    return;
  }
  for (model_entry& one : group) {
    one.what.weight = one.weight.value_or(1);
    if (!one.weight)
      say.warn(one.at, "has no weight, and others of this name have: it counts as 1");
  }
}

void set_ids(entries_of_name& group) {
  std::set<std::string> taken;
  for (model_entry& one : group) {
    const std::string stem = one.what.id;
    for (std::size_t number = 2; !taken.insert(one.what.id).second; ++number)
      one.what.id = stem + "-" + std::to_string(number);
  }
}

void set_limits(model_entry& one, const router_rules& rules, context& say) {
  deployment_settings& what = one.what;
  if (!one.total)
    one.total = rules.total;
  if (!one.first_token)
    one.first_token = rules.first_token;
  if (what.max_requests == 0)
    what.max_requests = rules.max_requests;
  if (what.tags.empty())
    return;
  if (!rules.tags) {
    say.warn(one.at, "its tags are left out, because enable_tag_filtering is off");
    what.tags.clear();
  } else if (std::find(what.tags.begin(), what.tags.end(), "default") != what.tags.end()) {
    say.warn(one.at, "the tag default means nothing: requests without tags may go anywhere");
  }
}

/// Entries by name, in the order of each name's first one.
class group_maker {
public:
  group_maker(const router_rules& rules, fragment& all, context& say)
      : rules_(rules), all_(all), say_(say) {}

  void add(model_entry entry) {
    auto [found, fresh] = numbers_.try_emplace(entry.name, groups_.size());
    if (fresh && groups_.size() >= max_names) {
      say_.refuse(entry.at, "there must not be more than " + std::to_string(max_names) + " names");
      numbers_.erase(found);
      return;
    }
    if (fresh)
      groups_.emplace_back();
    auto& group = groups_[found->second];
    if (group.size() >= max_deployments)
      say_.refuse(entry.at, "there must not be more than " + std::to_string(max_deployments) +
                                " entries of one name");
    else
      group.push_back(std::move(entry));
  }

  void finish() {
    std::size_t patterns = 0;
    for (auto& group : groups_) {
      const model_entry& first = group.front();
      if (first.name.find('*') != std::string::npos && ++patterns == max_patterns + 1)
        say_.refuse(first.at, "there must not be more than " + std::to_string(max_patterns) +
                                  " names with \"*\"");
      make(group);
    }
  }

private:
  void make(entries_of_name& group) {
    set_tiers(group, say_);
    set_weights(group, say_);
    set_ids(group);
    catalog_model model;
    model.name = group.front().name;
    model.strategy = rules_.strategy.value_or(model.strategy);
    all_.places.emplace("catalog." + model.name, group.front().at.where());
    for (model_entry& one : group) {
      set_limits(one, rules_, say_);
      place_of(one, deployment_key(model.name, model.deployments.size()));
      model.deployments.push_back(std::move(one.what));
    }
    all_.catalog.push_back(std::move(model));
  }

  void place_of(model_entry& one, const std::string& key) {
    const place where = one.at.where();
    all_.places.emplace(key, where);
    for (const std::string& name : one.from_environment)
      all_.from_environment.insert(key + "." + name);
    if (one.total) {
      one.what.timeouts.total = *one.total;
      all_.places.emplace(key + ".timeouts.total", where);
    }
    if (one.first_token) {
      one.what.timeouts.first_token = *one.first_token;
      all_.places.emplace(key + ".timeouts.first_token", where);
    }
  }

  const router_rules& rules_;
  fragment& all_;
  context& say_;
  std::vector<entries_of_name> groups_;
  std::map<std::string, std::size_t> numbers_;
};

/// Looks names up that aliases and fallbacks name.
class name_finder {
public:
  name_finder(std::set<std::string> wrong, fragment& all, context& say)
      : wrong_(std::move(wrong)), all_(all), say_(say) {
    for (std::size_t i = 0; i < all.catalog.size(); ++i)
      add(i);
  }

  catalog_model* find(const std::string& name) {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? nullptr : &all_.catalog[found->second];
  }

  bool is_served(const std::string& name) const {
    return numbers_.contains(name) || aliases_.contains(name) || wrong_.contains(name) ||
           std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const std::string& pattern) { return fits_pattern(pattern, name); });
  }

  std::string near(const std::string& name) const {
    std::vector<std::string_view> known;
    for (const auto& [one, number] : numbers_)
      known.push_back(one);
    for (const auto& one : aliases_)
      known.push_back(one);
    return nearest(name, known);
  }

  void add_alias(const alias_rule& rule);
  void add_rules(const std::vector<fallback_rule>& rules, const char* kind, name_lists& into);
  void add_defaults(const std::vector<fallback_rule>& rules);

private:
  void add(std::size_t i) {
    numbers_.emplace(all_.catalog[i].name, i);
    if (all_.catalog[i].is_pattern())
      patterns_.push_back(all_.catalog[i].name);
  }
  void add_hidden(const alias_rule& rule, const catalog_model& model);
  std::vector<std::string> served(const fallback_rule& rule, const std::string& name);

  std::set<std::string> wrong_;
  fragment& all_;
  context& say_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  std::set<std::string> aliases_;
  std::vector<std::string> patterns_;
};

void name_finder::add_alias(const alias_rule& rule) {
  if (find(rule.name) != nullptr)
    return say_.refuse(rule.at, "is a name of model_list as well");
  catalog_model* model = find(rule.model);
  if (model == nullptr && wrong_.contains(rule.model))
    return void(aliases_.insert(rule.name));
  if (model == nullptr)
    return say_.refuse(rule.at,
                       aliases_.contains(rule.model) ? "names another alias; name the model itself"
                                                     : "names no model of model_list",
                       aliases_.contains(rule.model) ? "" : near(rule.model));
  if (rule.hidden)
    return add_hidden(rule, *model);
  if (model->aliases.size() >= max_aliases)
    return say_.refuse(rule.at, "a model must not have more than " + std::to_string(max_aliases) +
                                    " aliases");
  model->aliases.push_back(rule.name);
  aliases_.insert(rule.name);
}

/// An alias of ours is as visible as its model, so that this becomes a name of its own.
void name_finder::add_hidden(const alias_rule& rule, const catalog_model& model) {
  if (all_.catalog.size() >= max_names)
    return say_.refuse(rule.at,
                       "there must not be more than " + std::to_string(max_names) + " names");
  catalog_model copy = model;
  copy.name = rule.name;
  copy.aliases.clear();
  copy.hidden = true;
  for (std::size_t i = 0; i < copy.deployments.size(); ++i)
    for (const char* timeout : {"", ".timeouts.total", ".timeouts.first_token"}) {
      const auto from = all_.places.find(deployment_key(model.name, i) + timeout);
      if (from != all_.places.end())
        all_.places.emplace(deployment_key(rule.name, i) + timeout, from->second);
    }
  for (std::size_t i = 0; i < copy.deployments.size(); ++i) {
    const std::string prefix = deployment_key(model.name, i) + ".";
    std::vector<std::string> names;
    for (auto at = all_.from_environment.lower_bound(prefix);
         at != all_.from_environment.end() && at->starts_with(prefix); ++at)
      names.push_back(deployment_key(rule.name, i) + "." + at->substr(prefix.size()));
    all_.from_environment.insert(names.begin(), names.end());
  }
  all_.places.emplace("catalog." + rule.name, rule.at.where());
  all_.catalog.push_back(std::move(copy));
  add(all_.catalog.size() - 1);
}

/// The names of a rule that are served; of the others it is said that they are not.
std::vector<std::string> name_finder::served(const fallback_rule& rule, const std::string& name) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < rule.others.size(); ++i) {
    const std::string& other = rule.others[i];
    const spot at = rule.at.is_list() && i < rule.at.node->items.size() ? rule.at.at(i) : rule.at;
    if (other == name)
      say_.warn(at, "names itself, which is left out");
    else if (!is_served(other))
      say_.refuse(at, quote(other) + " is no model of model_list", near(other));
    else
      result.push_back(other);
  }
  return result;
}

void name_finder::add_rules(const std::vector<fallback_rule>& rules, const char* kind,
                            name_lists& into) {
  for (const fallback_rule& rule : rules) {
    if (rule.name == "*" && find("*") == nullptr) {
      if (std::string_view{kind} == "any")
        add_defaults({rule});
      else
        say_.warn(rule.at, "is not served for all names; write it for each");
      continue;
    }
    if (!is_served(rule.name)) {
      const std::string near_name = near(rule.name);
      say_.warn(rule.at, "is no model of model_list: never asked for", near_name);
      continue;
    }
    auto names = served(rule, rule.name);
    const std::string key = std::string{"fallbacks."} + kind + "." + rule.name;
    if (!all_.places.emplace(key, rule.at.where()).second)
      say_.warn(rule.at, "is given twice; the first one counts");
    else if (!names.empty())
      into.emplace(rule.name, std::move(names));
  }
}

void name_finder::add_defaults(const std::vector<fallback_rule>& rules) {
  auto& into = all_.fallbacks.defaults;
  for (const fallback_rule& rule : rules) {
    for (std::string& name : served(rule, ""))
      if (std::find(into.begin(), into.end(), name) == into.end())
        into.push_back(std::move(name));
    all_.places.emplace("fallbacks.default", rule.at.where());
  }
}

} // namespace

void make_groups(std::vector<model_entry> entries, const router_rules& rules, fragment& all,
                 context& say) {
  group_maker maker{rules, all, say};
  for (model_entry& entry : entries)
    maker.add(std::move(entry));
  maker.finish();
}

void apply_names(const router_rules& rules, std::set<std::string> wrong, fragment& all,
                 context& say) {
  name_finder names{std::move(wrong), all, say};
  for (const alias_rule& rule : rules.aliases)
    names.add_alias(rule);
  names.add_rules(rules.any, "any", all.fallbacks.any);
  names.add_rules(rules.context, "context", all.fallbacks.context);
  names.add_rules(rules.policy, "policy", all.fallbacks.policy);
  names.add_defaults(rules.defaults);
}

bool fits_pattern(std::string_view pattern, std::string_view name) {
  std::size_t at = 0;
  std::size_t star = std::string_view::npos; // where the last star stood, and what it has taken
  std::size_t taken = 0;
  std::size_t i = 0;
  while (i < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = i;
    } else if (at < pattern.size() && pattern[at] == name[i]) {
      ++at;
      ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      i = ++taken;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

} // namespace synapse::config::litellm
