#include "config/values/networks.hpp"

#include "config/text/config_error.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <map>

namespace synapse::config {

namespace {
constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// Clears what lies beyond the first `bits`.
void mask(ip_address& address, unsigned bits) noexcept {
  for (unsigned i = 0; i < address.bytes.size(); ++i) {
    const unsigned keep = std::min(8u, bits > 8 * i ? bits - 8 * i : 0u);
    address.bytes[i] &= static_cast<std::uint8_t>(0xff00u >> keep);
  }
}
} // namespace

bool ip_address::is_v4() const noexcept {
  return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes.begin());
}

bool ip_address::is_loopback() const noexcept {
  if (is_v4())
    return bytes[12] == 127;
  return bytes.back() == 1 &&
         std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

ip_address ip_address::subject() const noexcept {
  auto result = *this;
  if (!is_v4())
    mask(result, 64);
  return result;
}

std::optional<ip_address> parse_address(std::string_view text) {
  char copy[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof copy || text.find('\0') != std::string_view::npos)
    return {};
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  ip_address result;
  if (::inet_pton(AF_INET6, copy, result.bytes.data()) == 1)
    return result;
  std::copy(v4_prefix.begin(), v4_prefix.end(), result.bytes.begin());
  if (::inet_pton(AF_INET, copy, result.bytes.data() + v4_prefix.size()) == 1)
    return result;
  return {};
}

bool network::contains(const ip_address& address) const noexcept {
  auto masked = address;
  mask(masked, bits);
  return masked == base;
}

parsed<network> parse_network(std::string_view text) {
  using result = parsed<network>;
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address)
    return result::failure("must be an address or a range such as 10.0.0.0/8 or fd00::/8, not " +
                           quote(text));
  network found{*address, 128};
  if (slash == std::string_view::npos)
    return found;
  // Written as IPv4-mapped, the prefix counts from the front of the IPv6 address.
  const bool v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  const auto bits = parse_count(text.substr(slash + 1));
  const unsigned most = v4 ? 32 : 128;
  if (!bits || *bits > most)
    return result::failure("the part behind \"/\" must be a number from 0 to " +
                           std::to_string(most) + ", not in " + quote(text));
  found.bits = static_cast<unsigned>(*bits) + 128 - most;
  mask(found.base, found.bits);
  if (found.base != *address)
    return result::failure("has bits beyond the first " + std::to_string(*bits) + ": " +
                           quote(text));
  return found;
}

std::vector<network> networks_of(std::span<const std::string> texts) {
  std::vector<network> result;
  for (const auto& text : texts)
    if (const auto one = parse_network(text))
      result.push_back(*one);
  return result;
}

std::size_t gives_way(std::span<const ip_address> subjects) {
  struct share {
    std::size_t oldest, count;
  };
  std::map<ip_address, share> shares;
  for (std::size_t i = 0; i < subjects.size(); ++i)
    ++shares.try_emplace(subjects[i], share{i, 0}).first->second.count;
  const auto most =
      std::max_element(shares.begin(), shares.end(), [](const auto& a, const auto& b) {
        // Of two that have as many, the one that was there first.
        return a.second.count != b.second.count ? a.second.count < b.second.count
                                                : a.second.oldest > b.second.oldest;
      });
  return most == shares.end() ? 0 : most->second.oldest;
}

bool contains(std::span<const network> networks, const ip_address& address) noexcept {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const network& one) { return one.contains(address); });
}

} // namespace synapse::config
