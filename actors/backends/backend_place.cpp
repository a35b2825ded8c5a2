#include "actors/backends/backend_place.hpp"

#include "http/core/request/host_name.hpp"
#include "routing/names/name_table.hpp"

#include <array>
#include <fstream>
#include <string>
#include <unistd.h>

namespace synapse::actors {

namespace {
/// Of the machine, and of its network as this process sees it: containers have their own loopback.
/// Where the system does not say, each process is alone.
std::uint64_t find_own_loopback() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string boot;
  std::getline(file, boot);
  std::array<char, 64> network{};
  const auto length = ::readlink("/proc/self/ns/net", network.data(), network.size());
  if (boot.empty() || length <= 0)
    return routing::stable_hash(std::to_string(::getpid()));
  return routing::stable_hash(boot + std::string{network.data(), static_cast<std::size_t>(length)});
}
} // namespace

std::uint64_t loopback_of(const config::backend_url& url) {
  static const auto own_loopback = find_own_loopback();
  return http::is_loopback_host(url.authority()) ? own_loopback : 0;
}

std::uint64_t place_of(const config::backend_url& url) {
  return routing::stable_hash(url.to_string(), loopback_of(url));
}

} // namespace synapse::actors
