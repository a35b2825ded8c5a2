/// @file
/// Addresses and ranges of addresses (RFC 4632, RFC 4291 section 2.3). Pure, any thread.
#pragma once

#include "config/values/values.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

/// An IPv6 address, or an IPv4 one in its IPv4-mapped form (::ffff:192.0.2.1), so that a client is
/// the same on a socket of either family.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v4() const noexcept;       ///< also when it came IPv4-mapped
  bool is_loopback() const noexcept; ///< 127.0.0.0/8 or ::1
  /// What a limit per client counts: the address, or of IPv6 its /64, which one client owns whole.
  ip_address subject() const noexcept;
  auto operator<=>(const ip_address&) const = default;
};

/// An IPv4 or IPv6 address without brackets or zone; nothing for any other text. No name is looked
/// up.
std::optional<ip_address> parse_address(std::string_view text);

/// `192.0.2.7`, `10.0.0.0/8`, `fd00::/8`.
struct network {
  ip_address base;
  unsigned bits = 128; ///< of `base` that count; of an IPv4 range 96 more than it was written with
  bool contains(const ip_address& address) const noexcept;
  bool operator==(const network&) const = default;
};

/// An address stands for itself alone. Bits beyond the prefix have to be 0: `10.0.0.1/8` is a slip.
parsed<network> parse_network(std::string_view text);

/// @pre every text is a network, as the loader has made sure of; others are left out
std::vector<network> networks_of(std::span<const std::string> texts);

/// Who of those that wait, given oldest first by their subjects, gives way to another one when
/// there are too many: the oldest of the subject that has most of them, so that who comes in
/// numbers pushes out itself. @returns the index. @pre not empty
std::size_t gives_way(std::span<const ip_address> subjects);

/// Whether one of them has the address.
bool contains(std::span<const network> networks, const ip_address& address) noexcept;

} // namespace synapse::config
