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

cell_board::entries::iterator cell_board::make(std::uint64_t cell, const cell_report& report,
                                               bool usual) {
  entry fresh;
  fresh.cell = routing::cell{settings_for(report)};
  fresh.usual = usual;
  return cells_.emplace(cell, std::move(fresh)).first;
}

// ---- what lanes see, and other replicas hear ----

/// The finding of another one that keeps it shut; null: none does any more.
const cell_board::findings::value_type* cell_board::longest(const entry& one, time_ns now) {
  const findings::value_type* most = nullptr;
  for (const auto& other : one.others)
    if (other.second.until > now && (most == nullptr || other.second.until > most->second.until))
      most = &other;
  return most;
}

routing::cell_state cell_board::state_of(const entry& one, time_ns now) {
  const auto own = one.cell.state(now);
  if (own == routing::cell_state::open || one.others.empty())
    return own;
  if (longest(one, now) != nullptr)
    return routing::cell_state::open;
  return routing::cell_state::half_open; // time has run out, and nobody has looked since
}

/// Those whose time is over; with the last of them begins the try.
void cell_board::end_findings(entry& one, time_ns now) {
  auto why = routing::trouble::none;
  const auto ended = std::erase_if(one.others, [&](const auto& other) {
    if (other.second.until > now)
      return false;
    why = other.second.why;
    return true;
  });
  if (ended > 0 && one.others.empty())
    one.cell.on_doubt(why, now);
}

/// @returns whether lanes see it differently now.
bool cell_board::look(entries::value_type& one, time_ns now) {
  auto& of = one.second;
  end_findings(of, now);
  tell(one, now);
  const auto state = state_of(of, now);
  const auto suspect = of.cell.suspect();
  const auto* other = longest(of, now);
  const auto until = state != routing::cell_state::open ? 0
                     : other == nullptr                 ? of.cell.opens_at()
                                        : std::max(of.cell.opens_at(), other->second.until);
  const auto moved = std::max(until, of.seen_until) - std::min(until, of.seen_until);
  if (state == of.seen && suspect == of.suspect_seen && moved < worth_telling)
    return false;
  if (state == routing::cell_state::closed && of.seen != routing::cell_state::closed)
    of.recovered = now;
  of.seen = state;
  of.seen_until = until;
  of.suspect_seen = suspect;
  return true;
}

/// Others know by themselves when a time runs out that they were told.
void cell_board::tell(entries::value_type& one, time_ns now) {
  auto& of = one.second;
  const auto own = of.cell.state(now);
  const bool open = own == routing::cell_state::open;
  const bool half_open = own == routing::cell_state::half_open;
  if (half_open && of.told == routing::cell_state::open && of.told_until <= now)
    of.told = own;
  const bool prolonged = open && of.cell.opens_at() - of.told_until >= worth_telling;
  if ((of.told == own && !prolonged) || (half_open && of.told == routing::cell_state::closed))
    return;
  cell_note note;
  note.cell = one.first;
  note.state = circuit_of(own);
  note.why = static_cast<std::uint8_t>(of.cell.reason());
  note.found = now;
  note.until = open ? of.cell.opens_at() : 0;
  of.told = own;
  of.told_until = note.until;
  news_.push_back(std::move(note));
}

// ---- what happens ----

bool cell_board::on_report(const cell_report& report, time_ns now, double jitter) {
  auto found = cells_.find(report.cell);
  if (found == cells_.end()) {
    if (report.what != cell_report::news::failure || cells_.size() >= most_cells)
      return false;
    found = make(report.cell, report, false);
  }
  auto& one = found->second;
  if (one.usual && report.what == cell_report::news::failure) {
    one.cell.reconfigure(settings_for(report));
    one.usual = false;
  }
  // It may have become half open since anybody looked.
  bool changed = look(*found, now);
  switch (report.what) {
  case cell_report::news::success: {
    const bool tried = one.cell.state(now) != routing::cell_state::closed;
    one.cell.on_success(report.probe);
    if (tried && one.cell.state(now) == routing::cell_state::closed)
      succeed(one, now);
    break;
  }
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
  changed = look(*found, now) || changed;
  if (one.plain() && one.succeeded == 0)
    cells_.erase(found);
  return changed;
}

/// What others had found before is over, as far as this replica can tell.
void cell_board::succeed(entry& one, time_ns now) {
  one.succeeded = now;
  std::erase_if(one.others, [&](const auto& other) { return other.second.found <= now; });
}

bool cell_board::on_other(const std::string& instance, const cell_note& note, time_ns now) {
  auto found = cells_.find(note.cell);
  const bool opens = note.state == circuit::open && note.until > now;
  if (found == cells_.end()) {
    if (!opens || cells_.size() >= most_cells)
      return false;
    found = make(note.cell, {}, true);
  }
  auto& one = found->second;
  const bool changed = look(*found, now);
  if (opens && note.found > one.succeeded &&
      (one.others.size() < most_others || one.others.contains(instance))) {
    one.others[instance] = {note.found, note.until, static_cast<routing::trouble>(note.why)};
  } else if (!opens && one.others.erase(instance) > 0 && one.others.empty() &&
             note.state != circuit::closed) {
    one.cell.on_doubt(static_cast<routing::trouble>(note.why), now);
  }
  const bool all = look(*found, now) || changed;
  if (one.plain() && one.succeeded == 0)
    cells_.erase(found);
  return all;
}

bool cell_board::take_probe(std::uint64_t cell, std::uint32_t lane, time_ns now) {
  const auto found = cells_.find(cell);
  if (found == cells_.end())
    return true; // closed meanwhile: whoever passes is no probe to it
  auto& one = found->second;
  end_findings(one, now);
  if (!one.others.empty() || one.cell.pass(now) == routing::passage::no)
    return false;
  one.probing_lane = lane;
  return true;
}

void cell_board::on_lane_down(std::uint32_t lane) {
  for (auto& [id, one] : cells_)
    if (one.probing_lane == lane)
      one.cell.on_neutral(true);
}

bool cell_board::on_healthy(time_ns now) {
  bool changed = false;
  for (auto& one : cells_) {
    one.second.cell.on_healthy();
    changed = look(one, now) || changed;
  }
  return changed;
}

bool cell_board::on_time(time_ns now) {
  bool changed = false;
  for (auto at = cells_.begin(); at != cells_.end();) {
    auto& one = at->second;
    changed = look(*at, now) || changed;
    if (one.recovered != 0 && now - one.recovered >= recovery) {
      one.recovered = 0;
      changed = true;
    }
    if (one.succeeded != 0 && now - one.succeeded >= memory)
      one.succeeded = 0;
    at = one.plain() && one.succeeded == 0 ? cells_.erase(at) : std::next(at);
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
    if (one.cell.opens_at() != 0 && one.seen == routing::cell_state::open)
      at(one.cell.opens_at());
    for (const auto& [instance, other] : one.others)
      at(other.until);
    if (one.seen == routing::cell_state::closed && one.recovered != 0)
      at(one.recovered + recovery);
    if (one.succeeded != 0)
      at(one.succeeded + memory);
  }
  return due;
}

std::vector<cell_view> cell_board::views(time_ns now) const {
  std::vector<cell_view> result;
  result.reserve(cells_.size());
  for (const auto& [id, one] : cells_) {
    if (one.plain())
      continue;
    cell_view view;
    view.cell = id;
    view.state = circuit_of(state_of(one, now));
    view.open_until = one.cell.opens_at();
    view.recovered = one.recovered;
    view.why = static_cast<std::uint8_t>(one.cell.reason());
    view.suspect = one.cell.suspect();
    if (const auto* other = longest(one, now);
        other != nullptr && other->second.until > view.open_until) {
      view.open_until = other->second.until;
      view.why = static_cast<std::uint8_t>(other->second.why);
      view.found_by = other->first;
    }
    result.push_back(std::move(view));
  }
  return result;
}

routing::cell_state cell_board::state_of(std::uint64_t cell, time_ns now) const {
  const auto found = cells_.find(cell);
  return found == cells_.end() ? routing::cell_state::closed : state_of(found->second, now);
}

} // namespace synapse::actors
