/// @file
/// The cells of the deployments that one backend serves: no actor, no clock of its own.
#pragma once

#include "actors/protocol/cell_messages.hpp"
#include "actors/protocol/cluster_messages.hpp"
#include "config/catalog_settings.hpp"
#include "routing/failure/cell.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

/// Times in nanoseconds of one clock.
///
/// A cell is shut by what this replica's requests have met, and by what other replicas say that
/// theirs have. The two are kept apart:
///  - another one's finding keeps a cell shut for what is left of its time, whatever becomes of the
///    replica that said so, unless that one says earlier that it is over;
///  - when its time is over without such a word, one request tries, as after a finding of its own;
///  - a finding from before this replica's own last successful try changes nothing;
///  - only own findings are told to others, so that no word goes round.
class cell_board {
public:
  /// Of one backend; more have no cells.
  static constexpr std::size_t most_cells = 4096;
  /// Lanes are told for so long that a cell was shut.
  static constexpr time_ns recovery = 10'000'000'000;
  /// It is known for so long that a try has succeeded; no finding that may still be told is older.
  static constexpr time_ns memory = 3'600'000'000'000;
  /// Replicas whose findings of one cell are kept; of more nothing is taken.
  static constexpr std::size_t most_others = 64;
  /// Others are told of a shut that goes on when it is longer by this: requests that were under way
  /// together prolong it one after the other.
  static constexpr time_ns worth_telling = 1'000'000'000;

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
  /// Another replica has found something out; times as of `now`'s clock. @returns as `on_report`
  bool on_other(const std::string& instance, const cell_note& note, time_ns now);
  /// What this replica has found out since it was last asked, for others; without the backend.
  std::vector<cell_note> take_news() { return std::exchange(news_, {}); }
  /// When something changes by time; nothing: never.
  std::optional<time_ns> next_change() const;

  /// For lanes, by cell; few.
  std::vector<cell_view> views(time_ns now) const;
  /// Of a cell; closed if it has none.
  routing::cell_state state_of(std::uint64_t cell, time_ns now) const;

private:
  struct finding {
    time_ns found = 0;
    time_ns until = 0;
    routing::trouble why = routing::trouble::none;
  };
  using findings = std::map<std::string, finding, std::less<>>; ///< by instance
  struct entry {
    routing::cell cell;
    routing::cell_state seen = routing::cell_state::closed; ///< with what others say
    time_ns seen_until = 0;
    bool suspect_seen = false;
    bool usual = false; ///< made without knowing what the deployment's own settings say
    std::uint32_t probing_lane = 0;
    time_ns recovered = 0; ///< lately; 0: it was not
    time_ns succeeded = 0; ///< an own try; 0: none
    findings others;
    routing::cell_state told = routing::cell_state::closed; ///< to other replicas
    time_ns told_until = 0;

    bool plain() const noexcept {
      return seen == routing::cell_state::closed && !cell.suspect() && recovered == 0 &&
             others.empty();
    }
  };
  using entries = std::map<std::uint64_t, entry>;
  routing::cell_settings settings_for(const cell_report& report) const;
  entries::iterator make(std::uint64_t cell, const cell_report& report, bool usual);
  static routing::cell_state state_of(const entry& one, time_ns now);
  static const findings::value_type* longest(const entry& one, time_ns now);
  static void end_findings(entry& one, time_ns now);
  bool look(entries::value_type& one, time_ns now);
  void tell(entries::value_type& one, time_ns now);
  static void succeed(entry& one, time_ns now);

  config::cell_settings settings_;
  entries cells_; ///< only those that something was told of
  std::vector<cell_note> news_;
};

} // namespace synapse::actors
