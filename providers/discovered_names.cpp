#include "providers/discovered_names.hpp"

#include <algorithm>
#include <utility>

namespace synapse::providers {

discovered_names::list_ptr discovered_names::list() const {
  const std::lock_guard lock{mutex_};
  return list_;
}

bool discovered_names::known() const {
  const std::lock_guard lock{mutex_};
  return known_;
}

void discovered_names::set(std::vector<discovered_model> models) {
  if (models.size() > max_models)
    models.resize(max_models);
  auto fresh = std::make_shared<const std::vector<discovered_model>>(std::move(models));
  // The old list goes when the lock has been given back: it may be long.
  const std::lock_guard lock{mutex_};
  list_.swap(fresh);
  known_ = true;
}

const discovered_model* find_model(const std::vector<discovered_model>& models,
                                   std::string_view name) noexcept {
  const auto own =
      std::find_if(models.begin(), models.end(), [&](const auto& one) { return one.name == name; });
  if (own != models.end())
    return &*own;
  const auto other = std::find_if(models.begin(), models.end(), [&](const auto& one) {
    return std::find(one.further.begin(), one.further.end(), name) != one.further.end();
  });
  return other == models.end() ? nullptr : &*other;
}

} // namespace synapse::providers
