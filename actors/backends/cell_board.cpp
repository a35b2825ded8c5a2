#include "actors/backends/cell_board.hpp"

#include <algorithm>
#include <chrono>

namespace synapse::actors {

namespace {
time_ns in_nanoseconds(config::milliseconds value) {
  return std::chrono::nanoseconds{value}.count();
}

circuit circuit_of(routing::cell_state state) {
  switch (state) {
  case routing::cell_state::open:
    return circuit::open;
  case routing::cell_state::half_open:
    return circuit::half_open;
  default:
    return circuit::closed;
  }
}
} // namespace

routing::cell_settings cell_board::settings_for(const cell_report& report) const {
  routing::cell_settings made;
  made.failures = report.failures != 0 ? report.failures : settings_.failures;
  made.rate_percent = report.alone ? 0 : static_cast<std::uint32_t>(settings_.rate * 100 + 0.5);
  made.min_results = settings_.results;
  made.window = in_nanoseconds(settings_.window);
  made.cooldown_min = report.cooldown != 0 ? report.cooldown : in_nanoseconds(settings_.cooldown);
  made.cooldown_max = std::max(made.cooldown_min, in_nanoseconds(settings_.max_cooldown));
  return made;
}

/// @returns whether lanes see it differently now.
bool cell_board::look(entry& one, time_ns now) {
  const auto state = one.cell.state(now);
  const auto suspect = one.cell.suspect();
  if (state == one.seen && suspect == one.suspect_seen)
    return false;
  if (state == routing::cell_state::closed && one.seen != routing::cell_state::closed)
    one.recovered = now;
  one.seen = state;
  one.suspect_seen = suspect;
  return true;
}

bool cell_board::on_report(const cell_report& report, time_ns now, double jitter) {
  auto found = cells_.find(report.cell);
  if (found == cells_.end()) {
    if (report.what != cell_report::news::failure || cells_.size() >= most_cells)
      return false;
    found = cells_.emplace(report.cell, entry{routing::cell{settings_for(report)}}).first;
  }
  auto& one = found->second;
  // It may have become half open since anybody looked.
  bool changed = look(one, now);
  switch (report.what) {
  case cell_report::news::success:
    one.cell.on_success(report.probe);
    break;
  case cell_report::news::nothing:
    one.cell.on_neutral(report.probe);
    break;
  case cell_report::news::failure: {
    routing::cell::told how;
    how.now = now;
    how.jitter = jitter;
    how.successes = report.successes;
    how.probe = report.probe;
    one.cell.on_failure(report.judged, how);
    break;
  }
  }
  changed = look(one, now) || changed;
  if (one.seen == routing::cell_state::closed && !one.cell.suspect() && one.recovered == 0)
    cells_.erase(found);
  return changed;
}

bool cell_board::take_probe(std::uint64_t cell, std::uint32_t lane, time_ns now) {
  const auto found = cells_.find(cell);
  if (found == cells_.end())
    return true; // closed meanwhile: whoever passes is no probe to it
  if (found->second.cell.pass(now) == routing::passage::no)
    return false;
  found->second.probing_lane = lane;
  return true;
}

void cell_board::on_lane_down(std::uint32_t lane) {
  for (auto& [id, one] : cells_)
    if (one.seen == routing::cell_state::half_open && one.probing_lane == lane)
      one.cell.on_neutral(true);
}

bool cell_board::on_healthy(time_ns now) {
  bool changed = false;
  for (auto& [id, one] : cells_) {
    one.cell.on_healthy();
    changed = look(one, now) || changed;
  }
  return changed;
}

bool cell_board::on_time(time_ns now) {
  bool changed = false;
  for (auto at = cells_.begin(); at != cells_.end();) {
    auto& one = at->second;
    changed = look(one, now) || changed;
    const bool forgotten = one.seen == routing::cell_state::closed && !one.cell.suspect() &&
                           now - one.recovered >= recovery;
    if (forgotten)
      changed = true;
    at = forgotten ? cells_.erase(at) : std::next(at);
  }
  return changed;
}

std::optional<time_ns> cell_board::next_change() const {
  std::optional<time_ns> due;
  const auto at = [&](time_ns when) {
    if (!due || when < *due)
      due = when;
  };
  for (const auto& [id, one] : cells_) {
    if (one.seen == routing::cell_state::open)
      at(one.cell.opens_at());
    else if (one.seen == routing::cell_state::closed && one.recovered != 0)
      at(one.recovered + recovery);
  }
  return due;
}

std::vector<cell_view> cell_board::views(time_ns now) const {
  std::vector<cell_view> result;
  result.reserve(cells_.size());
  for (const auto& [id, one] : cells_) {
    cell_view view;
    view.cell = id;
    view.state = circuit_of(one.cell.state(now));
    view.open_until = one.cell.opens_at();
    view.recovered = one.recovered;
    view.why = static_cast<std::uint8_t>(one.cell.reason());
    view.suspect = one.cell.suspect();
    result.push_back(view);
  }
  return result;
}

routing::cell_state cell_board::state_of(std::uint64_t cell, time_ns now) const {
  const auto found = cells_.find(cell);
  return found == cells_.end() ? routing::cell_state::closed : found->second.cell.state(now);
}

} // namespace synapse::actors
