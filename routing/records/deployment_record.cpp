#include "routing/records/deployment_record.hpp"

#include <algorithm>

namespace synapse::routing {

namespace {
/// A deployment that has no room is asked again after so long.
constexpr std::int64_t soon = 1'000'000'000;
constexpr std::size_t most_words = 300;
/// A route that is not there may be there after an update.
constexpr std::int64_t lacking_lasts = 600'000'000'000;
/// Between two requests that are to find out whether a deployment has recovered.
constexpr std::int64_t probe_pause = 100'000'000;
} // namespace

deployment_record::deployment_record(const config::deployment_settings& settings, unsigned threads)
    : meter(threads), threads_(threads), rpm_(settings.rpm), tpm_(settings.tpm),
      max_requests_(settings.max_requests), set_context_(settings.context),
      limits_(settings.rpm, static_cast<std::int64_t>(settings.tpm)),
      shrink_(settings.max_requests) {}

bool deployment_record::fits(const config::deployment_settings& settings,
                             unsigned threads) const noexcept {
  return threads == threads_ && settings.rpm == rpm_ && settings.tpm == tpm_ &&
         settings.max_requests == max_requests_ && settings.context == set_context_;
}

std::uint32_t deployment_record::most_in_flight() const noexcept {
  const auto shrunk = shrunk_to_.load(std::memory_order_relaxed);
  return shrunk != 0 ? shrunk : max_requests_;
}

std::int64_t deployment_record::enter(std::int64_t tokens, std::int64_t now) noexcept {
  const auto most = most_in_flight();
  auto inside = inside_.load(std::memory_order_relaxed);
  do {
    if (most != 0 && inside >= most)
      return now + soon;
  } while (!inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_relaxed));
  if (limits_.take(std::max<std::int64_t>(tokens, 1), now))
    return 0;
  inside_.fetch_sub(1, std::memory_order_relaxed);
  return now +
         std::max<std::int64_t>(limits_.retry_after(std::max<std::int64_t>(tokens, 1), now), soon);
}

void deployment_record::leave(std::int64_t estimated, std::int64_t used, std::int64_t entered,
                              std::int64_t now) noexcept {
  inside_.fetch_sub(1, std::memory_order_relaxed);
  if (used >= 0)
    limits_.settle(used - std::max<std::int64_t>(estimated, 1), entered, now);
}

void deployment_record::give_back(std::int64_t estimated, std::int64_t entered,
                                  std::int64_t now) noexcept {
  inside_.fetch_sub(1, std::memory_order_relaxed);
  limits_.give_back(std::max<std::int64_t>(estimated, 1), entered, now);
}

std::int64_t deployment_record::full_until(std::int64_t now) noexcept {
  const auto most = most_in_flight();
  if (most != 0 && inside_.load(std::memory_order_relaxed) >= most)
    return now + soon;
  const auto wait = rpm_ == 0 && tpm_ == 0 ? 0 : limits_.retry_after(1, now);
  return wait == 0 ? 0 : now + wait;
}

bool deployment_record::wants_probe(std::int64_t now) const noexcept {
  const auto last = probed_.load(std::memory_order_relaxed);
  return last == never || now - last >= probe_pause || now < last;
}

bool deployment_record::may_probe(std::int64_t now) noexcept {
  auto last = probed_.load(std::memory_order_relaxed);
  if (last != never && now >= last && now - last < probe_pause)
    return false;
  return probed_.compare_exchange_strong(last, now, std::memory_order_relaxed);
}

void deployment_record::on_busy() noexcept {
  const std::lock_guard lock{mutex_};
  shrink_.on_busy(inside_.load(std::memory_order_relaxed));
  shrunk_to_.store(shrink_.is_shrunk() ? shrink_.limit() : 0, std::memory_order_relaxed);
}

void deployment_record::on_good() noexcept {
  if (shrunk_to_.load(std::memory_order_relaxed) == 0)
    return;
  const std::lock_guard lock{mutex_};
  shrink_.on_good();
  shrunk_to_.store(shrink_.is_shrunk() ? shrink_.limit() : 0, std::memory_order_relaxed);
}

std::size_t deployment_record::context() const noexcept {
  return set_context_ != 0 ? set_context_ : context_.load(std::memory_order_relaxed);
}

void deployment_record::set_capabilities(config::capability_set told) noexcept {
  capabilities_.store(std::uint32_t{told.yes} | (std::uint32_t{told.no} << 16U),
                      std::memory_order_relaxed);
}

config::capability_set deployment_record::capabilities() const noexcept {
  const auto both = capabilities_.load(std::memory_order_relaxed);
  return {static_cast<std::uint16_t>(both), static_cast<std::uint16_t>(both >> 16U)};
}

void deployment_record::lacks(config::capability what, std::int64_t now) noexcept {
  if (lacking(now) == 0)
    lacking_.store(0, std::memory_order_relaxed);
  lacking_.fetch_or(config::capability_set::bit(what), std::memory_order_relaxed);
  lacking_since_.store(now, std::memory_order_relaxed);
}

std::uint16_t deployment_record::lacking(std::int64_t now) const noexcept {
  const auto since = lacking_since_.load(std::memory_order_relaxed);
  if (since == never || now - since >= lacking_lasts)
    return 0;
  return static_cast<std::uint16_t>(lacking_.load(std::memory_order_relaxed));
}

void deployment_record::note_error(std::string_view words, std::int64_t wall_ms) {
  const std::lock_guard lock{mutex_};
  last_error_.words = words.substr(0, most_words);
  last_error_.wall_ms = wall_ms;
}

deployment_record::error deployment_record::last_error() const {
  const std::lock_guard lock{mutex_};
  return last_error_;
}

} // namespace synapse::routing
