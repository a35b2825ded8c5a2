/// @file
/// Whether a backend, or a deployment, may be asked at the moment.
#pragma once

#include "routing/failure/sliding_count.hpp"
#include "routing/failure/verdict.hpp"

#include <cstdint>

namespace synapse::routing {

/// Times in nanoseconds.
struct cell_settings {
  std::uint32_t failures = 5;      ///< consecutive ones that shut it
  std::uint32_t rate_percent = 50; ///< share of failures that shuts it; 0: none does
  std::uint32_t min_results = 10;  ///< in the window before the share counts
  std::int64_t window = 10'000'000'000;
  std::int64_t cooldown_min = 1'000'000'000; ///< twice as long each time,
  std::int64_t cooldown_max = 60'000'000'000;
  /// One that waits for its health lets a request try after so long at the latest: it may have no
  /// health check.
  std::int64_t health_max = 300'000'000'000;
  std::int64_t probe_max = 600'000'000'000; ///< a probe that was not told of for so long is lost
};

enum class cell_state : std::uint8_t { closed, open, half_open };

/// What becomes of a request that wants to pass.
enum class passage : std::uint8_t { no, yes, probe };

/// A breaker's state machine. It is not told of every success: only while `suspect()`, and a
/// failure brings their number along. Plain state of one thread; `now` in nanoseconds of one clock,
/// which may jump: what is shut opens early then, never late.
class cell {
public:
  /// What belongs to the end of an attempt.
  struct told {
    std::int64_t now = 0;
    double jitter = 1;           ///< factor of a cooldown, 0.8 to 1.2, by chance
    std::uint32_t successes = 0; ///< within `cell_settings::window`
    bool probe = false;          ///< it had `passage::probe`
  };

  explicit cell(const cell_settings& settings = {}) noexcept;
  /// From the next result on; what it has counted starts anew.
  void reconfigure(const cell_settings& settings) noexcept;

  /// Whether `pass` would say anything but no.
  bool admits(std::int64_t now) const noexcept;
  /// A request is about to be sent. @returns `probe` for one at a time when the shut is over; its
  /// end has to be told, whatever it was
  passage pass(std::int64_t now) noexcept;

  /// An attempt's end that is no success. One that is neutral only gives the probe back.
  void on_failure(const verdict& judged, const told& how) noexcept;
  /// The end of an attempt that says nothing, or that came to nothing.
  void on_neutral(bool probe) noexcept;
  void on_success(bool probe) noexcept;
  /// Its health check has succeeded: it need not wait for that any longer.
  void on_healthy() noexcept;
  /// Somebody else had found trouble, and it is time to see whether it is over: a closed one wants
  /// one request that tries, as if it had been shut until `now`. Any other stays as it is.
  void on_doubt(trouble why, std::int64_t now) noexcept;

  cell_state state(std::int64_t now) const noexcept;
  /// Why it is not closed.
  trouble reason() const noexcept { return why_; }
  /// When it is to open again; 0 while closed.
  std::int64_t opens_at() const noexcept;
  /// A success would change something.
  bool suspect() const noexcept { return consecutive_ > 0 || state_ != cell_state::closed; }

private:
  bool is_over(std::int64_t now) const noexcept;
  bool probe_is_free(std::int64_t now) const noexcept;
  void count(const cell_effect& effect, const told& how) noexcept;
  bool is_too_many(const told& how) noexcept;
  void cool_down(const cell_effect& effect, const told& how) noexcept;
  void shut(const cell_effect& effect, std::int64_t now) noexcept;
  void prolong(const cell_effect& effect, bool again, std::int64_t now) noexcept;
  void open(trouble why, std::int64_t length, std::int64_t now) noexcept;

  cell_settings settings_;
  sliding_count failures_;
  cell_state state_ = cell_state::closed;
  trouble why_ = trouble::none;
  bool probing_ = false;
  bool waits_for_health_ = false;
  std::uint32_t consecutive_ = 0;
  std::uint32_t cooldowns_ = 0; ///< since the last success
  std::uint32_t repeats_ = 0;   ///< shuts for the reason of the last one, before it
  trouble repeated_ = trouble::none;
  std::int64_t since_ = 0;  ///< of the shut, or of the probe
  std::int64_t length_ = 0; ///< of the shut
};

} // namespace synapse::routing
