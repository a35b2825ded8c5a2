/// @file
/// Names in Host fields and authorities (`host[:port]`). Pure, any thread.
#pragma once

#include <string_view>

namespace synapse::http {

/// `authority` without its port. IPv6 keeps its brackets.
std::string_view host_of(std::string_view authority) noexcept;

/// The digits behind the host; empty without a port.
std::string_view port_of(std::string_view authority) noexcept;

/// The same host: any case, and the dot that ends a full name does not count.
bool same_host(std::string_view a, std::string_view b) noexcept;

/// Whether an authority names the machine itself: `localhost` and what ends in `.localhost`
/// (RFC 6761 section 6.3), 127.0.0.0/8, `[::1]`. A name of somebody else's that resolves to a
/// loopback address does not.
bool is_loopback_host(std::string_view authority) noexcept;

} // namespace synapse::http
