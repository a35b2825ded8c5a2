/// @file
/// The truth about a backend's counted permits: who holds them and who waits, in order. Pure logic.
#pragma once

#include "actors/protocol/permit_messages.hpp"
#include "config/settings.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace synapse::actors {

/// Permits are leased to lanes. A lane that has idle ones grants them without asking; once somebody
/// has to wait, idle permits are recalled and every grant goes through the queue, so that nobody
/// overtakes from another thread.
class permit_ledger {
public:
  struct grant {
    std::uint32_t lane = 0;
    std::uint64_t request = 0;
    std::uint32_t spare = 0; ///< further permits for the lane to keep
  };
  enum class verdict { granted, queued, overflow };

  explicit permit_ledger(config::concurrency_settings settings);

  /// @returns grants that a higher limit makes possible.
  std::vector<grant> reconfigure(config::concurrency_settings settings);

  void add_lane(std::uint32_t lane) { held_.emplace(lane, 0); }

  /// The lane has died: what it held is free, who waited there is forgotten.
  /// @returns whom the permits go to.
  std::vector<grant> remove_lane(std::uint32_t lane);

  /// @param result the grant when the verdict is granted.
  /// @param waits else what would have to be queued is overflow
  verdict request(std::uint32_t lane, std::uint64_t request, time_ns now, grant& result,
                  bool waits = true);

  /// @returns whom the returned permits go to.
  std::vector<grant> give_back(std::uint32_t lane, std::uint32_t count);

  /// @returns true when the request was still waiting.
  bool abandon(std::uint32_t lane, std::uint64_t request);

  /// Takes out who has waited too long.
  std::vector<grant> expire(time_ns now);

  bool limited() const noexcept { return settings_.max_requests > 0; }
  /// Limited to so few that a message for each that comes free costs nothing beside its request.
  bool scarce() const noexcept { return limited() && settings_.max_requests <= most_scarce; }
  static constexpr unsigned most_scarce = 64;
  /// Lanes are to give back what they hold idle.
  bool recalled() const noexcept { return !waiting_.empty() || free_ < 0; }
  std::size_t waiting() const noexcept { return waiting_.size(); }
  /// Permits that lanes hold, idle ones included.
  std::uint32_t leased() const noexcept;
  std::uint32_t held_by(std::uint32_t lane) const noexcept;
  /// When the first waiting request expires.
  std::optional<time_ns> next_expiry() const;

private:
  struct waiter {
    std::uint32_t lane;
    std::uint64_t request;
    time_ns deadline;
  };
  std::vector<grant> serve();

  config::concurrency_settings settings_;
  std::int64_t free_ = 0; ///< negative after the limit was lowered below what is out
  std::map<std::uint32_t, std::uint32_t> held_;
  std::deque<waiter> waiting_;
};

} // namespace synapse::actors
