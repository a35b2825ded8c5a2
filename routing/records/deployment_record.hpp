/// @file
/// What a process knows of one deployment besides its settings; outlives reloads.
#pragma once

#include "config/catalog_settings.hpp"
#include "routing/failure/permit_shrink.hpp"
#include "routing/pick/meter.hpp"
#include "routing/pick/rate_limit.hpp"
#include "routing/records/deployment_counts.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace synapse::routing {

/// Shared by all threads. What picks look at is lock-free.
class deployment_record {
public:
  /// @param threads that take requests
  deployment_record(const config::deployment_settings& settings, unsigned threads);
  deployment_record(const deployment_record&) = delete;
  deployment_record& operator=(const deployment_record&) = delete;

  deployment_meter meter;
  deployment_counts counts;

  // ---- limits ----
  /// One more request may go there; `leave` has to follow. @param tokens estimate of what it costs
  /// @returns 0, or the time at which it is worth asking again
  std::int64_t enter(std::int64_t tokens, std::int64_t now) noexcept;
  /// It is over. @param used tokens in all; below 0: as many as were estimated
  void leave(std::int64_t estimated, std::int64_t used, std::int64_t entered,
             std::int64_t now) noexcept;
  /// It was not sent after all.
  void give_back(std::int64_t estimated, std::int64_t entered, std::int64_t now) noexcept;
  /// When it has room again: 0 now.
  std::int64_t full_until(std::int64_t now) noexcept;
  float headroom(std::int64_t now) noexcept { return limits_.headroom(now); }
  /// The backend says that it is too busy, or has answered well.
  void on_busy() noexcept;
  void on_good() noexcept;

  /// While it is half open: whether this request is to be the one that tries. Not more often than
  /// every tenth of a second, however many ask: the others need not wait for a word of the
  /// backend's.
  bool may_probe(std::int64_t now) noexcept;
  /// The same without taking the turn.
  bool wants_probe(std::int64_t now) const noexcept;

  // ---- discovered ----
  void set_context(std::size_t tokens) noexcept { context_.store(tokens); }
  /// As set, else as discovered, tokens; 0: not known.
  std::size_t context() const noexcept;
  /// As the backend tells; takes the place of what it told before.
  void set_capabilities(config::capability_set told) noexcept;
  config::capability_set capabilities() const noexcept;
  /// The backend has not got the route of this kind, as it says; believed for ten minutes.
  void lacks(config::capability what, std::int64_t now) noexcept;
  /// A bit for each kind.
  std::uint16_t lacking(std::int64_t now) const noexcept;
  /// It has been away, and may be another one now.
  void forget_lacks() noexcept { lacking_since_.store(never, std::memory_order_relaxed); }
  void set_queue(std::uint32_t waiting) noexcept { queue_.store(waiting); }
  std::uint32_t queue() const noexcept { return queue_.load(std::memory_order_relaxed); }

  // ---- by hand ----
  void drain(bool out) noexcept { drained_.store(out); }
  bool drained() const noexcept { return drained_.load(std::memory_order_relaxed); }

  // ---- for people ----
  void note_error(std::string_view words, std::int64_t wall_ms);
  struct error {
    std::string words;
    std::int64_t wall_ms = 0; ///< since 1970; 0: there was none
  };
  error last_error() const;

  /// Whether limits and threads are as this one was made for; another one has to be made else.
  bool fits(const config::deployment_settings& settings, unsigned threads) const noexcept;

private:
  std::uint32_t most_in_flight() const noexcept;

  const unsigned threads_;
  const unsigned rpm_;
  const std::size_t tpm_;
  const unsigned max_requests_;
  const std::size_t set_context_;
  rate_limits limits_;
  std::atomic<std::uint32_t> inside_{0};
  std::atomic<std::uint32_t> shrunk_to_{0}; ///< 0: it is not
  std::atomic<std::size_t> context_{0};
  std::atomic<std::uint32_t> capabilities_{0}; ///< `yes` below, `no` above
  std::atomic<std::uint32_t> lacking_{0};
  std::atomic<std::int64_t> lacking_since_{never};
  std::atomic<std::uint32_t> queue_{0};
  std::atomic<bool> drained_{false};
  std::atomic<std::int64_t> probed_{never}; ///< last time a request was to try
  mutable std::mutex mutex_;                ///< of what follows
  permit_shrink shrink_;
  error last_error_;
};

using record_ptr = std::shared_ptr<deployment_record>;

} // namespace synapse::routing
