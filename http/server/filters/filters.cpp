#include "http/server/filters/filter.hpp"

namespace synapse::server {

namespace {
constexpr filter chain[] = {
    {"reserved_room", keep_for_probes, nullptr},
    {"path", check_path, nullptr},
    {"route", find_route, nullptr},
    {"metrics", count_begin, count_end},
    {"origin", check_origin, nullptr},
    // Who asks, what they may, and how much of it, would stand here: refusals are counted, pages of
    // other origins have been told apart, and no handler has been called.
    {"upgrade", check_upgrade, nullptr},
    {"method", check_method, nullptr},
    {"access_log", nullptr, log_end},
};
} // namespace

std::span<const filter> filters() noexcept {
  return chain;
}

std::optional<net::task<void>> ask_filters(exchange& current) {
  for (const auto& one : chain)
    if (one.on_request != nullptr)
      if (auto answer = one.on_request(current))
        return answer;
  return {};
}

void tell_filters(exchange& current) {
  for (const auto& one : chain)
    if (one.on_end != nullptr)
      one.on_end(current);
}

} // namespace synapse::server
