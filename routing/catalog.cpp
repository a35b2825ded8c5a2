#include "routing/catalog.hpp"

#include "config/defaults/derived_routes.hpp"

#include <algorithm>
#include <iterator>

namespace synapse::routing {

namespace {
/// Lengths tell most paths apart, and cost less to compare.
bool stands_before(std::string_view a, std::string_view b) noexcept {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}
} // namespace

catalog::catalog(const config::settings& settings)
    : settings_(settings), choice_(settings.models.choice), names_(settings) {
  for (const auto& route : settings.routes) {
    entry one;
    one.path = route.path;
    one.by_model = route.backend == config::by_model;
    const auto found = settings.backends.find(route.backend);
    one.known = found != settings.backends.end();
    if (one.known)
      one.leads_to.backend =
          static_cast<backend_place>(std::distance(settings.backends.begin(), found));
    exact_.push_back(one);
    if (one.path.ends_with("/*")) {
      one.path.pop_back();
      prefixes_.push_back(std::move(one));
    }
  }
  // Of several that are alike the first one counts.
  std::stable_sort(exact_.begin(), exact_.end(),
                   [](const entry& a, const entry& b) { return stands_before(a.path, b.path); });
  std::stable_sort(prefixes_.begin(), prefixes_.end(),
                   [](const entry& a, const entry& b) { return a.path.size() > b.path.size(); });
}

const catalog::entry* catalog::find(std::string_view path) const noexcept {
  const auto at = std::lower_bound(
      exact_.begin(), exact_.end(), path,
      [](const entry& one, std::string_view p) { return stands_before(one.path, p); });
  if (at != exact_.end() && at->path == path)
    return &*at;
  const auto prefix = std::find_if(prefixes_.begin(), prefixes_.end(),
                                   [&](const entry& one) { return path.starts_with(one.path); });
  return prefix == prefixes_.end() ? nullptr : &*prefix;
}

plan catalog::plan_for(std::string_view path) const noexcept {
  plan result;
  const auto* found = find(path);
  if (found == nullptr)
    return result;
  if (found->by_model) {
    result.by = plan::basis::model;
  } else if (found->known) {
    result.by = plan::basis::path;
    result.targets = {&found->leads_to, 1};
  }
  return result;
}

plan catalog::complete(plan by_path, const query& what, const model_index& models) const {
  auto result = by_path;
  result.model = what.model;
  if (what.text != nullptr) {
    result.model = choice_.choose(*what.text);
  } else if (const auto alias = settings_.models.aliases.find(what.model);
             alias != settings_.models.aliases.end()) {
    result.model = alias->second;
  }
  if (result.by == plan::basis::model)
    result.targets = models.targets_of(result.model);
  return result;
}

} // namespace synapse::routing
