#include "routing/model_index.hpp"

#include <algorithm>

namespace synapse::routing {

namespace {
bool before(const target& one, backend_place place) noexcept {
  return one.backend < place;
}
} // namespace

void model_index::forget(backend_place backend, const std::string& model) {
  const auto found = by_model_.find(model);
  std::erase(found->second, target{backend});
  if (found->second.empty())
    by_model_.erase(found);
}

void model_index::learn(backend_place backend, const std::vector<std::string>& models) {
  names now;
  for (const auto& model : models)
    if (now.size() < max_models && model.size() <= max_name)
      now.insert(model);
  auto& known = by_backend_[backend];
  for (const auto& model : known)
    if (!now.contains(model))
      forget(backend, model);
  for (const auto& model : now)
    if (!known.contains(model)) {
      auto& all = by_model_[model];
      all.insert(std::lower_bound(all.begin(), all.end(), backend, before), target{backend});
    }
  known = std::move(now);
}

std::span<const target> model_index::targets_of(std::string_view model) const {
  const auto found = by_model_.find(model);
  return found == by_model_.end() ? std::span<const target>{} : found->second;
}

std::vector<std::string_view> model_index::models() const {
  std::vector<std::string_view> all;
  for (const auto& [model, targets] : by_model_)
    all.push_back(model);
  return all;
}

} // namespace synapse::routing
