#include "http/sites/deployment_state.hpp"

#include "actors/backends/lane.hpp"
#include "routing/records/deployment_record.hpp"

#include <algorithm>
#include <array>

namespace synapse::client {

namespace {
using word = deployment_word;

/// What of the backend holds for each of its deployments.
deployment_state of_backend(const actors::lane_view& view) {
  deployment_state state;
  if (view.resolved && view.addresses.empty()) {
    state.word = word::no_address;
    state.why = routing::trouble::name_unknown;
  } else if (view.state == actors::circuit::open) {
    state.word = word::shut;
    state.why = routing::trouble::unreachable;
    state.until = view.open_until;
  } else if (view.state == actors::circuit::half_open) {
    state.word = word::half_open;
    state.why = routing::trouble::unreachable;
  }
  return state;
}

/// What its cells say, where that is worse.
void add_cells(const actors::lane& board, const routing::deployment& which, std::uint16_t none,
               deployment_state& into) {
  for (const auto what : config::all_kinds) {
    const bool cannot = (none & config::capability_set::bit(what)) != 0;
    const auto* cell = cannot ? nullptr : board.find_cell(which.cell_of(what));
    if (cell == nullptr || cell->state == actors::circuit::closed)
      continue;
    const auto is = cell->state == actors::circuit::open ? word::shut : word::half_open;
    if (is < into.word || (is == into.word && cell->open_until <= into.until))
      continue;
    into.word = is;
    into.why = static_cast<routing::trouble>(cell->why);
    into.until = is == word::shut ? cell->open_until : 0;
    into.kind = what;
    into.found_by = cell->found_by;
  }
}
} // namespace

std::string_view to_string(deployment_word what) noexcept {
  constexpr std::array<std::string_view, 6> texts{"ready",      "full", "half_open",
                                                  "no_address", "shut", "drained"};
  return texts[static_cast<std::size_t>(what)];
}

deployment_state state_of(const thread_routes& routes, const routing::deployment& which,
                          net::time_ns now) {
  auto& record = routes.record(which.place);
  if (record.drained())
    return {word::drained, routing::trouble::none, 0, std::nullopt, {}};
  const auto& board = *routes.sites[which.backend]->board;
  auto state = of_backend(board.view());
  const auto none = static_cast<std::uint16_t>(which.capabilities.no | record.capabilities().no);
  if (!board.view().cells.empty())
    add_cells(board, which, none, state);
  if (state.word == word::ready)
    if (const auto until = record.full_until(now); until > now)
      state = {word::full, routing::trouble::none, until, std::nullopt, {}};
  return state;
}

double first_token_ns(const thread_routes& routes, const routing::deployment& which,
                      net::time_ns now) {
  auto& meter = routes.record(which.place).meter;
  double sum = 0;
  unsigned known = 0;
  for (std::uint8_t size = 0; size < routing::prompt_classes; ++size)
    if (const auto ns = meter.read(routes.thread, size, now).first_token; ns > 0) {
      sum += static_cast<double>(ns);
      ++known;
    }
  return known == 0 ? 0 : sum / known;
}

std::uint16_t capabilities_of(const thread_routes& routes,
                              const routing::deployment& which) noexcept {
  const auto known = routes.record(which.place).capabilities();
  return static_cast<std::uint16_t>((which.capabilities.yes | known.yes) &
                                    ~(which.capabilities.no | known.no));
}

} // namespace synapse::client
