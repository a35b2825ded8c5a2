/// @file
/// How often who has shown a wrong token. Pure: the time is told.
#pragma once

#include "config/values/networks.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace synapse::api {

/// Wrong tokens per minute.
struct failure_limits {
  unsigned per_client = 10; ///< of an address, or a /64 of IPv6
  unsigned of_all = 200;    ///< of all together; beyond, each counts for more
};

/// Slows guessing down without locking anybody else out.
///
/// Whom it refuses: an address alone answers for itself. What others do never refuses one that has
/// not failed, so nobody can keep the owner out from elsewhere; many failures in all only make each
/// further one cost its own address more. An address over its limit is refused with the right
/// token, too: were that one let in, the refusal would tell right from wrong, and nothing would be
/// slowed. It may try again after seconds, as failures fade evenly over a minute, and what it tries
/// while it is refused does not count. So whoever shares an address with a guesser still has ways
/// in: a try after `Retry-After`, any other address, and sessions, which are not counted at all.
///
/// What it remembers: `exact` clients by themselves. Who has more addresses than that could fill
/// the table to be forgotten; what does not fit is counted in a sketch of fixed size (a count-min
/// sketch under keys that nobody knows), which forgets nobody and can only count too much: an
/// address shares all four of its places with others by a chance of (n/4096)^4 for n of them.
class failure_ledger {
public:
  using time_point = std::chrono::system_clock::time_point;
  static constexpr std::size_t exact = 4096;

  explicit failure_ledger(failure_limits limits = {});

  /// How long the client has to wait until it may try; 0: it may now.
  std::chrono::seconds wait_of(const config::ip_address& client, time_point now) const;
  /// It has failed. @pre it had not to wait
  void note(const config::ip_address& client, time_point now);

private:
  /// Fades by `per_client` a minute.
  struct level {
    double value = 0;
    std::int64_t at_ms = 0;
  };
  static constexpr std::size_t rows = 4;
  static constexpr std::size_t width = 4096;

  config::ip_address counted(const config::ip_address& client) const { return client.subject(); }
  double now_of(const level& of, std::int64_t ms, double per_minute) const;
  double failures_of(const config::ip_address& client, std::int64_t ms) const;
  std::size_t place_of(const config::ip_address& client, std::size_t row) const;
  void forget_faded(std::int64_t ms);

  failure_limits limits_;
  std::map<config::ip_address, level> clients_;
  std::vector<level> sketch_; ///< empty until it is needed
  std::array<std::uint64_t, rows> keys_{};
  level all_;
  std::int64_t next_sweep_ms_ = 0;
};

} // namespace synapse::api
