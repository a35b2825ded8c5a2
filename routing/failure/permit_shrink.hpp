/// @file
/// How many requests at once a deployment gets that calls itself busy.
#pragma once

#include <cstdint>

namespace synapse::routing {

/// Halves what may be in flight when the backend says that it is busy, and gives one back for every
/// ten good answers. Plain state of one thread, without a clock.
class permit_shrink {
public:
  static constexpr std::uint32_t good_per_permit = 10;

  /// @param configured the limit while all is well; 0: there is none
  explicit permit_shrink(std::uint32_t configured = 0) noexcept : configured_(configured) {}

  /// A new configuration; what has been learned stays, within it.
  void reconfigure(std::uint32_t configured) noexcept;
  /// The backend was too busy. Those that were in flight at the last halving do not halve again:
  /// they were sent before it. @param in_flight requests there, this one included
  void on_busy(std::uint32_t in_flight) noexcept;
  /// A good answer.
  void on_good() noexcept;

  /// How many may be in flight, at least 1; 0: any number.
  std::uint32_t limit() const noexcept { return shrunk_ == 0 ? configured_ : shrunk_; }
  bool is_shrunk() const noexcept { return shrunk_ != 0; }

private:
  std::uint32_t configured_;
  std::uint32_t shrunk_ = 0;  ///< 0: not shrunk
  std::uint32_t ceiling_ = 0; ///< without a configured limit: where a shrunk one ends
  std::uint32_t earlier_ = 0; ///< answers to come of requests from before the halving
  std::uint32_t good_ = 0;    ///< since the last permit that was given back
};

} // namespace synapse::routing
