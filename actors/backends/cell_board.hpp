/// @file
/// The cells of the deployments that one backend serves: no actor, no clock of its own.
#pragma once

#include "actors/protocol/cell_messages.hpp"
#include "config/catalog_settings.hpp"
#include "routing/failure/cell.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace synapse::actors {

/// Times in nanoseconds of one clock.
class cell_board {
public:
  /// Of one backend; more have no cells.
  static constexpr std::size_t most_cells = 4096;
  /// Lanes are told for so long that a cell was shut.
  static constexpr time_ns recovery = 10'000'000'000;

  explicit cell_board(const config::cell_settings& settings) : settings_(settings) {}
  void reconfigure(const config::cell_settings& settings) { settings_ = settings; }

  /// Takes an attempt's end into account. @param jitter factor of a cooldown, 0.8 to 1.2
  /// @returns true when anything that lanes see has changed.
  bool on_report(const cell_report& report, time_ns now, double jitter);
  /// Whether this request may pass a cell that is half open, as the one that tries.
  bool take_probe(std::uint64_t cell, std::uint32_t lane, time_ns now);
  /// The lane has ended: the probes of its requests are free.
  void on_lane_down(std::uint32_t lane);
  /// The backend's health check has succeeded. @returns as `on_report`
  bool on_healthy(time_ns now);
  /// Time has passed. @returns as `on_report`
  bool on_time(time_ns now);
  /// When something changes by time; nothing: never.
  std::optional<time_ns> next_change() const;

  /// For lanes, by cell; few.
  std::vector<cell_view> views(time_ns now) const;
  /// Of a cell; closed if it has none.
  routing::cell_state state_of(std::uint64_t cell, time_ns now) const;

private:
  struct entry {
    routing::cell cell;
    routing::cell_state seen = routing::cell_state::closed;
    bool suspect_seen = false;
    std::uint32_t probing_lane = 0;
    time_ns recovered = 0;
  };
  routing::cell_settings settings_for(const cell_report& report) const;
  bool look(entry& one, time_ns now);

  config::cell_settings settings_;
  std::map<std::uint64_t, entry> cells_; ///< only those that something was told of
};

} // namespace synapse::actors
