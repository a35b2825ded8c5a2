#include "http/core/request/host_name.hpp"

#include "config/values/networks.hpp"
#include "http/core/head/field.hpp"

namespace synapse::http {

namespace {
std::string_view without_final_dot(std::string_view name) noexcept {
  if (name.size() > 1 && name.back() == '.')
    name.remove_suffix(1);
  return name;
}
} // namespace

std::string_view host_of(std::string_view authority) noexcept {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(0, end + 1);
  }
  return authority.substr(0, authority.find(':'));
}

std::string_view port_of(std::string_view authority) noexcept {
  const auto rest = authority.substr(host_of(authority).size());
  return rest.starts_with(':') ? rest.substr(1) : std::string_view{};
}

bool same_host(std::string_view a, std::string_view b) noexcept {
  return iequals(without_final_dot(a), without_final_dot(b));
}

bool is_loopback_host(std::string_view authority) noexcept {
  auto host = without_final_dot(host_of(authority));
  if (host == "127.0.0.1" || iequals(host, "localhost"))
    return true;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.empty() || host.front() != '1') {
    constexpr std::string_view zone = ".localhost";
    return host.size() > zone.size() && iequals(host.substr(host.size() - zone.size()), zone);
  }
  const auto address = config::parse_address(host);
  return address && address->is_loopback();
}

} // namespace synapse::http
