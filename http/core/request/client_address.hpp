/// @file
/// Whose request it is when proxies stand between. Pure, any thread.
#pragma once

#include "config/values/networks.hpp"
#include "http/core/head/head_parser.hpp"

#include <span>
#include <string_view>

namespace synapse::http {

/// The address in a socket's text, whose zone (`fe80::1%eth0`) is left out; all zeros for no
/// address.
config::ip_address peer_address(std::string_view text) noexcept;

/// The client behind trusted proxies: the nearest hop in X-Forwarded-For that is none of them.
/// Each proxy appends the address it was called from, so the list is believed from its end, and
/// only as far as trusted proxies wrote it: what a client has put in front does not count.
/// @param peer who has connected. @returns `peer` unless it is trusted; where the list ends, or has
/// something in it that is no address, the last hop that was read.
config::ip_address client_address(const request_head& head, const config::ip_address& peer,
                                  std::span<const config::network> trusted) noexcept;

} // namespace synapse::http
