#include "actors/backends/resolver.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <tuple>

namespace synapse::actors {

namespace {
constexpr std::size_t max_addresses = 64;

/// A class, not a function: CAF 0.17.6 binds a reference to null when it spawns a function without
/// arguments, which UndefinedBehaviorSanitizer stops at.
class resolver : public resolver_actor::base {
public:
  explicit resolver(caf::actor_config& config) : resolver_actor::base(config) {}
  const char* name() const override { return "resolver"; }

  resolver_actor::behavior_type make_behavior() override {
    return {[](const resolve_request& request) { return resolve_now(request); }};
  }
};
} // namespace

resolution resolve_now(const resolve_request& request) {
  resolution result;
  result.host = request.host;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(request.host.c_str(), nullptr, &hints, &list); code != 0) {
    result.error = ::gai_strerror(code);
    return result;
  }
  for (const auto* item = list; item && result.addresses.size() < max_addresses;
       item = item->ai_next) {
    backend_address address;
    address.port = request.port;
    if (item->ai_family == AF_INET) {
      const auto* in = reinterpret_cast<const sockaddr_in*>(item->ai_addr);
      std::memcpy(address.ip.data(), &in->sin_addr, 4);
    } else if (item->ai_family == AF_INET6) {
      const auto* in = reinterpret_cast<const sockaddr_in6*>(item->ai_addr);
      std::memcpy(address.ip.data(), &in->sin6_addr, 16);
      address.v6 = true;
    } else {
      continue;
    }
    if (std::find(result.addresses.begin(), result.addresses.end(), address) ==
        result.addresses.end())
      result.addresses.push_back(address);
  }
  ::freeaddrinfo(list);
  // A name such as localhost often has an IPv6 address on which nothing listens. Trying both in
  // turn would fail every other request, so IPv6 is used where there is nothing else.
  const auto is_v4 = [](const backend_address& a) { return !a.v6; };
  if (std::any_of(result.addresses.begin(), result.addresses.end(), is_v4))
    std::erase_if(result.addresses, [](const backend_address& a) { return a.v6; });
  // A cluster's DNS shuffles its answers; a stable order tells whether anything has changed.
  std::sort(result.addresses.begin(), result.addresses.end(),
            [](const backend_address& a, const backend_address& b) {
              return std::tie(a.v6, a.ip, a.port) < std::tie(b.v6, b.ip, b.port);
            });
  return result;
}

resolver_actor spawn_resolver(caf::actor_system& system) {
  return system.spawn<resolver, caf::detached>();
}

} // namespace synapse::actors
