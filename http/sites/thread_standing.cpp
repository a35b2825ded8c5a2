#include "http/sites/thread_standing.hpp"

#include "actors/backends/lane.hpp"
#include "actors/gpus/gpu_desk.hpp"
#include "routing/records/deployment_record.hpp"

#include <algorithm>

namespace synapse::client {

routing::place_state thread_standing::of(const routing::deployment& which, routing::kind what) {
  auto& record = routes_.record(which.place);
  routing::place_state state;
  state.meter = &record.meter;
  state.headroom = record.headroom(now_);
  state.full_until = record.full_until(now_);
  state.context = record.context();
  state.capabilities = record.capabilities();
  state.capabilities.no = static_cast<std::uint16_t>(state.capabilities.no | record.lacking(now_));
  state.queue = record.queue();
  state.drained = record.drained();
  const auto& view = routes_.sites[which.backend]->board->view();
  if (view.state == actors::circuit::open) {
    state.shut_until = std::max(view.open_until, now_ + 1);
    state.why = routing::trouble::unreachable;
  } else if (view.resolved && view.addresses.empty()) {
    state.shut_until = now_ + 1'000'000'000;
    state.why = routing::trouble::name_unknown;
  }
  if (auto* card = routes_.sites[which.backend]->gpu; card != nullptr) {
    const auto& name = routes_.sites[which.backend]->name();
    record.meter.set_load(card->load_of(name));
    if (card->hopeless(name, now_)) {
      state.shut_until = std::max(state.shut_until, now_ + 1'000'000'000);
      state.why = routing::trouble::unhealthy;
    }
  }
  bool half_open = view.state == actors::circuit::half_open;
  auto recovered = view.recovered;
  if (!view.cells.empty())
    if (const auto* cell = routes_.sites[which.backend]->board->find_cell(which.cell_of(what))) {
      recovered = std::max(recovered, cell->recovered);
      if (cell->state == actors::circuit::open) {
        state.shut_until = std::max({state.shut_until, cell->open_until, now_ + 1});
        state.why = static_cast<routing::trouble>(cell->why);
      }
      half_open = half_open || cell->state == actors::circuit::half_open;
    }
  if (half_open && state.shut_until <= now_) {
    state.wants_probe = record.wants_probe(now_);
    if (!state.wants_probe)
      state.shut_until = now_ + 100'000'000; // somebody is finding out
  }
  // What recovers gets its share little by little.
  if (recovered > record.meter.ready_since())
    record.meter.set_ready_since(recovered);
  return state;
}

} // namespace synapse::client
