#include "http/sites/model_index.hpp"

#include <algorithm>

namespace synapse::client {

void model_index::learn(const std::string& backend, const std::vector<std::string>& models) {
  auto& known = by_backend_[backend];
  known.clear();
  for (const auto& model : models)
    if (known.size() < max_models && model.size() <= max_name)
      known.insert(model);
}

const std::string* model_index::backend_of(std::string_view model) const {
  const auto found = std::find_if(by_backend_.begin(), by_backend_.end(),
                                  [&](const auto& one) { return one.second.contains(model); });
  return found == by_backend_.end() ? nullptr : &found->first;
}

std::vector<std::string_view> model_index::models() const {
  std::set<std::string_view> all;
  for (const auto& [backend, models] : by_backend_)
    all.insert(models.begin(), models.end());
  return {all.begin(), all.end()};
}

} // namespace synapse::client
