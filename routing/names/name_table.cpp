#include "routing/names/name_table.hpp"

#include "config/backend_types.hpp"
#include "routing/pick/random.hpp"

#include <algorithm>
#include <iterator>

namespace synapse::routing {

namespace {
constexpr std::uint16_t kind_bits = [] {
  std::uint16_t all = 0;
  for (const auto one : config::all_kinds)
    all = static_cast<std::uint16_t>(all | config::capability_set::bit(one));
  return all;
}();

std::size_t literal_length(std::string_view pattern) {
  return pattern.size() - static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '*'));
}

/// Whoever names kinds of requests means those and no others.
config::capability_set known_of(const config::deployment_settings& settings,
                                config::backend_type type) {
  auto known = settings.capabilities;
  const std::uint16_t named = known.yes & kind_bits;
  const std::uint16_t possible = config::row_of(type).kinds & (named == 0 ? kind_bits : named);
  known.no = static_cast<std::uint16_t>(known.no | (kind_bits & ~possible));
  return known;
}
} // namespace

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U ^ mix_bits(seed);
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return mix_bits(hash);
}

std::uint64_t deployment::cell_of(kind what) const noexcept {
  // Never 0, which stands for the backend as a whole.
  return mix_bits(model_hash + static_cast<std::uint64_t>(what)) | 1U;
}

bool matches_pattern(std::string_view pattern, std::string_view model) noexcept {
  // Greedy from the left, back to the last star where it does not go on: linear in practice and at
  // worst the product of both lengths, which are bounded.
  std::size_t p = 0;
  std::size_t m = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (m < model.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = m;
    } else if (p < pattern.size() && pattern[p] == model[m]) {
      ++p;
      ++m;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      m = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string served_model(const config::catalog_model& name, std::string_view deployment_model,
                         std::string_view asked) {
  std::string result;
  if (deployment_model.find('*') == std::string_view::npos)
    return result.assign(deployment_model);
  std::string_view pattern = name.name;
  // What the next star has matched: the shortest text with which the rest still matches.
  const auto next_star = [&]() -> std::string_view {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos)
      return {};
    asked.remove_prefix(std::min(star, asked.size()));
    pattern.remove_prefix(star + 1);
    std::size_t length = 0;
    while (length < asked.size() && !matches_pattern(pattern, asked.substr(length)))
      ++length;
    const auto matched = asked.substr(0, length);
    asked.remove_prefix(length);
    return matched;
  };
  for (const char c : deployment_model) {
    if (c == '*')
      result += next_star();
    else
      result += c;
  }
  return result;
}

name_table::name_table(const config::settings& settings) {
  std::size_t count = 0;
  for (const auto& model : settings.catalog)
    count += model.deployments.size();
  deployments_.reserve(count); // spans lead into it
  names_.reserve(settings.catalog.size());
  for (const auto& model : settings.catalog)
    add(settings, model);
  std::stable_sort(patterns_.begin(), patterns_.end(), [&](name_place a, name_place b) {
    return literal_length(names_[a].settings->name) > literal_length(names_[b].settings->name);
  });
  add_fallbacks(settings.fallbacks);
}

void name_table::add(const config::settings& settings, const config::catalog_model& model) {
  model_name name;
  name.settings = &model;
  name.place = static_cast<name_place>(names_.size());
  const auto begin = deployments_.size();
  for (const auto& one : model.deployments) {
    const auto backend = settings.backends.find(one.backend);
    if (backend == settings.backends.end())
      continue;
    deployment made;
    made.settings = &one;
    made.name = name.place;
    made.backend = static_cast<backend_place>(std::distance(settings.backends.begin(), backend));
    made.capabilities = known_of(one, backend->second.type);
    made.id_hash = stable_hash(one.id);
    made.model_hash = stable_hash(one.model, stable_hash(one.backend));
    name.kinds = static_cast<std::uint16_t>(name.kinds | (kind_bits & ~made.capabilities.no));
    deployments_.push_back(made);
  }
  const auto first = deployments_.begin() + static_cast<std::ptrdiff_t>(begin);
  std::stable_sort(first, deployments_.end(), [](const deployment& a, const deployment& b) {
    return a.settings->order < b.settings->order;
  });
  for (auto i = begin; i < deployments_.size(); ++i) {
    deployments_[i].place = static_cast<deployment_place>(i);
    ids_.emplace(deployments_[i].settings->id, deployments_[i].place);
  }
  name.deployments = {deployments_.data() + begin, deployments_.size() - begin};
  if (model.is_pattern())
    patterns_.push_back(name.place);
  else
    exact_.emplace(model.name, name.place);
  for (const auto& alias : model.aliases)
    exact_.emplace(alias, name.place);
  names_.push_back(std::move(name));
}

void name_table::add_fallbacks(const config::fallback_settings& fallbacks) {
  const auto resolve = [&](const std::vector<std::string>& from, name_place self,
                           std::vector<fallback_name>& into) {
    for (const auto& one : from) {
      const auto* found = find(one);
      if (found == nullptr)
        continue;
      const bool pattern = found->settings->is_pattern();
      const auto is_it = [&](const fallback_name& each) {
        return each.place == found->place && (!pattern || each.asked == one);
      };
      // Within a pattern another of its models is meant.
      if ((pattern || found->place != self) && std::none_of(into.begin(), into.end(), is_it))
        into.push_back({found->place, one});
    }
  };
  for (auto& name : names_) {
    const auto of = [&](const config::name_lists& lists, std::vector<fallback_name>& into) {
      if (const auto found = lists.find(name.settings->name); found != lists.end())
        resolve(found->second, name.place, into);
    };
    of(fallbacks.any, name.any);
    of(fallbacks.context, name.context);
    of(fallbacks.policy, name.policy);
    resolve(fallbacks.defaults, name.place, name.any);
    if (name.context.empty())
      name.context = name.any;
    if (name.policy.empty())
      name.policy = name.any;
  }
}

const model_name* name_table::find(std::string_view model) const noexcept {
  if (const auto found = exact_.find(model); found != exact_.end())
    return &names_[found->second];
  for (const auto place : patterns_)
    if (matches_pattern(names_[place].settings->name, model))
      return &names_[place];
  return nullptr;
}

const deployment* name_table::find_deployment(std::string_view id) const noexcept {
  const auto found = ids_.find(id);
  return found == ids_.end() ? nullptr : &deployments_[found->second];
}

} // namespace synapse::routing
