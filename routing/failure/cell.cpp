#include "routing/failure/cell.hpp"

#include <algorithm>
#include <limits>

namespace synapse::routing {

namespace {

/// Threads read the clock a moment apart; what is further back is a jump.
constexpr std::int64_t back_is_a_jump = 1'000'000'000;
constexpr std::int64_t longest_shut = 86'400'000'000'000; // a day, whatever is configured

std::int64_t bounded_length(std::int64_t length) noexcept {
  return std::clamp<std::int64_t>(length, 0, longest_shut);
}

std::int64_t doubled(std::int64_t first, std::uint32_t times, std::int64_t longest) noexcept {
  longest = bounded_length(longest);
  first = bounded_length(first);
  while (times-- > 0 && first > 0 && first < longest)
    first *= 2;
  return std::min(first, longest);
}

std::int64_t with_jitter(std::int64_t length, double factor) noexcept {
  if (!(factor >= 0.8)) // also what is no number
    factor = 0.8;
  return static_cast<std::int64_t>(static_cast<double>(length) * std::min(factor, 1.2));
}

bool has_passed(std::int64_t since, std::int64_t length, std::int64_t now) noexcept {
  const auto passed = time_between(since, now);
  return passed >= length || passed < -back_is_a_jump;
}

void count_up(std::uint32_t& number) noexcept {
  if (number < std::numeric_limits<std::uint32_t>::max())
    ++number;
}

} // namespace

cell::cell(const cell_settings& settings) noexcept
    : settings_(settings), failures_(settings.window) {}

void cell::reconfigure(const cell_settings& settings) noexcept {
  settings_ = settings;
  failures_ = sliding_count(settings.window);
}

bool cell::is_over(std::int64_t now) const noexcept {
  return has_passed(since_, length_, now);
}

bool cell::probe_is_free(std::int64_t now) const noexcept {
  return !probing_ || has_passed(since_, bounded_length(settings_.probe_max), now);
}

bool cell::admits(std::int64_t now) const noexcept {
  switch (state_) {
  case cell_state::closed:
    return true;
  case cell_state::open:
    return is_over(now);
  case cell_state::half_open:
    break;
  }
  return probe_is_free(now);
}

passage cell::pass(std::int64_t now) noexcept {
  if (state_ == cell_state::closed)
    return passage::yes;
  if (!admits(now))
    return passage::no;
  state_ = cell_state::half_open;
  waits_for_health_ = false;
  probing_ = true;
  since_ = now;
  return passage::probe;
}

void cell::on_failure(const verdict& judged, const told& how) noexcept {
  switch (judged.cell.harm) {
  case cell_harm::none:
    on_neutral(how.probe);
    break;
  case cell_harm::counts:
    count(judged.cell, how);
    break;
  case cell_harm::shuts:
    shut(judged.cell, how.now);
    break;
  case cell_harm::shuts_until_healthy:
    open(judged.cell.why, std::max(bounded_length(settings_.health_max), judged.cell.floor),
         how.now);
    waits_for_health_ = true;
    break;
  }
}

bool cell::is_too_many(const told& how) noexcept {
  if (consecutive_ >= std::max(settings_.failures, 1U))
    return true;
  const auto failed = failures_.sum(how.now);
  const auto all = failed + how.successes;
  return settings_.rate_percent > 0 && all >= std::max(settings_.min_results, 1U) &&
         failed * 100 >= all * settings_.rate_percent;
}

void cell::count(const cell_effect& effect, const told& how) noexcept {
  if (state_ == cell_state::closed) {
    count_up(consecutive_);
    failures_.add(how.now);
    if (is_too_many(how))
      cool_down(effect, how);
  } else if (state_ == cell_state::half_open && how.probe) {
    cool_down(effect, how);
  } // else it was sent before it was shut, and says nothing new
}

void cell::cool_down(const cell_effect& effect, const told& how) noexcept {
  const auto length = doubled(settings_.cooldown_min, cooldowns_, settings_.cooldown_max);
  count_up(cooldowns_);
  open(effect.why, std::max(with_jitter(length, how.jitter), effect.floor), how.now);
}

void cell::shut(const cell_effect& effect, std::int64_t now) noexcept {
  const bool again = repeated_ == effect.why;
  if (state_ == cell_state::open && !is_over(now)) {
    prolong(effect, again, now);
    return;
  }
  if (!again)
    repeats_ = 0;
  open(effect.why, std::max(doubled(effect.first, repeats_, effect.longest), effect.floor), now);
  repeated_ = effect.why;
  count_up(repeats_);
}

void cell::prolong(const cell_effect& effect, bool again, std::int64_t now) noexcept {
  // Requests that were under way together say the same one after the other: no repetition.
  const bool grows = effect.first < effect.longest;
  const auto length = std::max(again && grows ? 0 : effect.first, effect.floor);
  const auto rest = length_ - std::max<std::int64_t>(time_between(since_, now), 0);
  if (waits_for_health_ || length <= rest)
    return;
  open(effect.why, length, now);
  if (!again)
    repeats_ = 1;
  repeated_ = effect.why;
}

void cell::open(trouble why, std::int64_t length, std::int64_t now) noexcept {
  state_ = cell_state::open;
  why_ = why;
  since_ = now;
  length_ = bounded_length(length);
  probing_ = false;
  waits_for_health_ = false;
}

void cell::on_neutral(bool probe) noexcept {
  if (probe)
    probing_ = false;
}

void cell::on_success(bool probe) noexcept {
  if (state_ == cell_state::closed) {
    consecutive_ = 0;
    return;
  }
  if (state_ != cell_state::half_open || !probe)
    return; // it was sent before it was shut
  state_ = cell_state::closed;
  why_ = repeated_ = trouble::none;
  probing_ = false;
  consecutive_ = cooldowns_ = repeats_ = 0;
  failures_.clear();
}

void cell::on_healthy() noexcept {
  if (!waits_for_health_)
    return;
  waits_for_health_ = false;
  state_ = cell_state::half_open;
  probing_ = false;
}

void cell::on_doubt(trouble why, std::int64_t now) noexcept {
  if (state_ != cell_state::closed)
    return;
  state_ = cell_state::half_open;
  why_ = why;
  since_ = now;
  probing_ = false;
}

cell_state cell::state(std::int64_t now) const noexcept {
  return state_ == cell_state::open && is_over(now) ? cell_state::half_open : state_;
}

std::int64_t cell::opens_at() const noexcept {
  if (state_ == cell_state::closed)
    return 0;
  if (state_ == cell_state::half_open)
    return since_;
  return since_ > std::numeric_limits<std::int64_t>::max() - length_
             ? std::numeric_limits<std::int64_t>::max()
             : since_ + length_;
}

} // namespace synapse::routing
