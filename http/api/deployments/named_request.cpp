#include "http/api/deployments/named_request.hpp"

#include "routing/catalog.hpp"

#include <algorithm>

namespace synapse::api {

namespace {
bool is_for(const routing::model_name& name, routing::kind what) noexcept {
  return (name.kinds & config::capability_set::bit(what)) != 0;
}
} // namespace

bool concerns_catalog(server::exchange& exchange, routing::kind what, bool has_route) noexcept {
  const auto& names = exchange.routes()->catalog().names();
  if (names.empty() || !has_route)
    return !names.empty();
  const auto all = names.names();
  return std::any_of(all.begin(), all.end(),
                     [what](const routing::model_name& one) { return is_for(one, what); });
}

const routing::model_name* name_for(server::exchange& exchange, std::string_view model,
                                    routing::kind what, bool has_route) noexcept {
  const auto* found = exchange.routes()->catalog().names().find(model);
  return found != nullptr && (is_for(*found, what) || !has_route) ? found : nullptr;
}

} // namespace synapse::api
