#include "http/server/connection/connection_limits.hpp"

#include "telemetry/metric_families.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace synapse::server {

namespace {
constexpr net::time_ns burst_pause = 10'000'000'000;     // 10 s
constexpr net::time_ns burst_reminder = 600'000'000'000; // 10 min
} // namespace

bool connection_limits::burst::begins(net::time_ns now) {
  const bool first = told == 0 || now - last >= burst_pause || now - told >= burst_reminder;
  last = now;
  if (first)
    told = now;
  return first;
}

connection_limits::connection_limits(telemetry::metric_registry& registry) {
  const auto family = telemetry::connections_limited(registry);
  using limit = connection_limit;
  counted_[static_cast<std::size_t>(limit::connections)] = family.with({"connections"});
  counted_[static_cast<std::size_t>(limit::address)] = family.with({"address"});
  counted_[static_cast<std::size_t>(limit::descriptors)] = family.with({"descriptors"});
}

connection_limits::rules connection_limits::rules_of(const config::settings& settings,
                                                     std::size_t most) {
  rules result;
  result.connections = std::min(settings.limits.max_connections, most);
  result.per_address = settings.limits.max_connections_per_address;
  if (result.per_address == 0)
    result.per_address = result.connections - result.connections / 4;
  result.trusted = config::networks_of(settings.process.trusted_proxies);
  return result;
}

void connection_limits::set_rules(rules now) {
  const std::lock_guard lock{mutex_};
  rules_ = std::move(now);
}

connection_limit connection_limits::enter(const config::ip_address& address, seat& place) {
  const auto subject = address.subject();
  const std::lock_guard lock{mutex_};
  if (all_ >= rules_.connections)
    return connection_limit::connections;
  auto& own = by_subject_[subject];
  if (own >= rules_.per_address && !config::contains(rules_.trusted, address))
    return connection_limit::address;
  ++own;
  ++all_;
  place = seat{this, subject};
  return connection_limit::none;
}

void connection_limits::leave(const config::ip_address& subject) noexcept {
  const std::lock_guard lock{mutex_};
  --all_;
  const auto found = by_subject_.find(subject);
  if (found != by_subject_.end() && --found->second == 0)
    by_subject_.erase(found);
}

void connection_limits::note(connection_limit beyond, net::time_ns now) {
  const auto index = static_cast<std::size_t>(beyond);
  if (beyond == connection_limit::none)
    return;
  counted_[index].increment();
  rules limits;
  {
    const std::lock_guard lock{mutex_};
    if (!bursts_[index].begins(now))
      return;
    limits.connections = rules_.connections;
    limits.per_address = rules_.per_address;
  }
  constexpr std::string_view rest = "what comes now may ask for /livez and /readyz only";
  if (beyond == connection_limit::connections)
    spdlog::warn("all {} client connections are in use (limits.max_connections): {}",
                 limits.connections, rest);
  else if (beyond == connection_limit::address)
    spdlog::warn("one address has all of its {} client connections in use "
                 "(limits.max_connections_per_address): {}",
                 limits.per_address, rest);
  else
    spdlog::warn("out of file descriptors: {}", rest);
}

config::ip_address address_of(const net::tcp::endpoint& peer) {
  config::ip_address result;
  const auto address = peer.address();
  const auto v6 = address.is_v6()
                      ? address.to_v6()
                      : net::asio::ip::make_address_v6(net::asio::ip::v4_mapped, address.to_v4());
  const auto bytes = v6.to_bytes();
  std::copy(bytes.begin(), bytes.end(), result.bytes.begin());
  return result;
}

} // namespace synapse::server
