#include "backends/ollama/host_check.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <unistd.h>

namespace synapse::backends {

namespace {

std::string lower_host(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('['))
    return host.substr(1, host.find(']') - 1);
  auto colon = host.find(':');
  // Two colons and no brackets: an IPv6 address by itself.
  return host.find(':', colon + 1) == std::string_view::npos ? host.substr(0, colon) : host;
}

bool is_private(const boost::asio::ip::address_v4& address) {
  auto bytes = address.to_bytes();
  return bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xF0) == 16) ||
         (bytes[0] == 192 && bytes[1] == 168);
}

bool is_own_address(const boost::asio::ip::address& address) {
  if (address.is_loopback() || address.is_unspecified())
    return true;
  return address.is_v4() ? is_private(address.to_v4())
                         : (address.to_v6().to_bytes()[0] & 0xFE) == 0xFC;
}

} // namespace

bool is_own_host(std::string_view field, std::string_view machine) {
  auto host = lower_host(without_port(field));
  if (host.empty() || host == "localhost" || host == lower_host(machine))
    return true;
  boost::system::error_code code;
  auto address = boost::asio::ip::make_address(host, code);
  if (!code)
    return is_own_address(address);
  static constexpr std::array own_ends{".localhost", ".local", ".internal"};
  return std::any_of(own_ends.begin(), own_ends.end(),
                     [&](const char* end) { return host.ends_with(end); });
}

std::string machine_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

} // namespace synapse::backends
