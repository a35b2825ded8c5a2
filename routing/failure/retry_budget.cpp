#include "routing/failure/retry_budget.hpp"

#include <algorithm>

namespace synapse::routing {

retry_budget::retry_budget(retry_budget_settings settings) noexcept
    : settings_(settings), requests_(settings.window), further_(settings.window) {}

void retry_budget::on_request(std::int64_t now) noexcept {
  requests_.add(now);
}

bool retry_budget::take(std::int64_t now) noexcept {
  const auto share = requests_.sum(now) * settings_.percent / 100;
  if (further_.sum(now) >= std::max<std::uint64_t>(share, settings_.least))
    return false;
  further_.add(now);
  return true;
}

} // namespace synapse::routing
