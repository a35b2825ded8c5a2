#include "config/catalog/catalog_defaults.hpp"

#include <map>
#include <set>

namespace synapse::config {

namespace {

void fill_ids(std::vector<catalog_model>& catalog) {
  std::set<std::string> taken;
  for (const auto& model : catalog)
    for (const auto& deployment : model.deployments)
      taken.insert(deployment.id);
  // How far each was counted: the same under every name must not begin anew each time.
  std::map<std::string, std::size_t> last;
  for (auto& model : catalog)
    for (auto& deployment : model.deployments) {
      if (!deployment.id.empty())
        continue;
      const std::string usual = deployment.backend + "/" + deployment.model;
      std::string id = usual;
      std::size_t& number = last.try_emplace(usual, 1).first->second;
      while (!taken.insert(id).second)
        id = usual + "#" + std::to_string(++number);
      deployment.id = std::move(id);
    }
}

void fill_timeouts(timeout_settings& timeouts, const timeout_settings& usual) {
  for (const auto member :
       {&timeout_settings::connect, &timeout_settings::response, &timeout_settings::first_token,
        &timeout_settings::idle, &timeout_settings::total})
    if (timeouts.*member == backends_own)
      timeouts.*member = usual.*member;
}

} // namespace

void apply_catalog_backends(settings& all, const std::function<bool(const std::string&)>& given) {
  constexpr milliseconds cooldown{5'000};
  for (const auto& model : all.catalog)
    for (const auto& deployment : model.deployments) {
      const auto backend = all.backends.find(deployment.backend);
      if (backend != all.backends.end() &&
          !given("backends." + deployment.backend + ".breaker.cooldown"))
        backend->second.breaker.cooldown = cooldown;
    }
}

void apply_catalog_defaults(settings& all) {
  fill_ids(all.catalog);
  for (auto& model : all.catalog)
    for (auto& deployment : model.deployments) {
      const auto backend = all.backends.find(deployment.backend);
      fill_timeouts(deployment.timeouts,
                    backend == all.backends.end() ? timeout_settings{} : backend->second.timeouts);
    }
}

} // namespace synapse::config
