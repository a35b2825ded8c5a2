#include "http/dashboard/gate/failure_ledger.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

namespace synapse::api {

namespace {
constexpr double minute_ms = 60'000;
/// Tries that an address has while all together fail too often.
constexpr double few = 2;
/// What rounding leaves of a level that has faded.
constexpr double nothing = 1e-6;
constexpr std::int64_t sweep_interval_ms = 1'000;

std::int64_t ms_of(failure_ledger::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

/// The finalizer of SplitMix64: every bit of the input moves half of the output's.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}
} // namespace

failure_ledger::failure_ledger(failure_limits limits) : limits_(limits) {
  std::random_device source;
  for (auto& key : keys_)
    key = (std::uint64_t{source()} << 32) | source();
}

double failure_ledger::now_of(const level& of, std::int64_t ms, double per_minute) const {
  // A clock that was set back fades nothing.
  const auto passed = static_cast<double>(std::max<std::int64_t>(0, ms - of.at_ms));
  return std::max(0.0, of.value - passed * per_minute / minute_ms);
}

std::size_t failure_ledger::place_of(const config::ip_address& client, std::size_t row) const {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, client.bytes.data(), sizeof high);
  std::memcpy(&low, client.bytes.data() + sizeof high, sizeof low);
  return row * width + mixed(mixed(high ^ keys_[row]) ^ low) % width;
}

/// @param client a subject
double failure_ledger::failures_of(const config::ip_address& client, std::int64_t ms) const {
  if (const auto found = clients_.find(client); found != clients_.end())
    return now_of(found->second, ms, limits_.per_client);
  if (sketch_.empty())
    return 0;
  double least = now_of(sketch_[place_of(client, 0)], ms, limits_.per_client);
  for (std::size_t row = 1; row < rows; ++row)
    least = std::min(least, now_of(sketch_[place_of(client, row)], ms, limits_.per_client));
  return least;
}

std::chrono::seconds failure_ledger::wait_of(const config::ip_address& client,
                                             time_point now) const {
  const auto over = failures_of(counted(client), ms_of(now)) - (limits_.per_client - 1.0);
  if (over <= nothing)
    return std::chrono::seconds{0};
  return std::chrono::seconds{
      static_cast<std::int64_t>(std::ceil((over - nothing) * 60 / limits_.per_client))};
}

void failure_ledger::forget_faded(std::int64_t ms) {
  if (ms < next_sweep_ms_ && ms + sweep_interval_ms >= next_sweep_ms_)
    return;
  next_sweep_ms_ = ms + sweep_interval_ms;
  std::erase_if(clients_,
                [&](const auto& one) { return now_of(one.second, ms, limits_.per_client) <= 0; });
}

void failure_ledger::note(const config::ip_address& client, time_point now) {
  const auto ms = ms_of(now);
  const auto subject = counted(client);
  const double all = now_of(all_, ms, limits_.of_all);
  const double cost = all + 1 > limits_.of_all ? std::max(1.0, limits_.per_client / few) : 1.0;
  // More than twice the limit is not remembered: it fades within two minutes.
  all_ = {std::min(all + 1, 2.0 * limits_.of_all), ms};
  const double failures = failures_of(subject, ms) + cost;
  if (clients_.size() >= exact && !clients_.contains(subject))
    forget_faded(ms);
  if (clients_.size() < exact || clients_.contains(subject)) {
    clients_[subject] = {failures, ms};
    return;
  }
  if (sketch_.empty())
    sketch_.resize(rows * width);
  for (std::size_t row = 0; row < rows; ++row) {
    auto& place = sketch_[place_of(subject, row)];
    place = {std::max(now_of(place, ms, limits_.per_client), failures), ms};
  }
}

} // namespace synapse::api
