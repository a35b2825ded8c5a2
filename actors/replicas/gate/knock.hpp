/// @file
/// Connects to an address, without CAF: its connect() blocks, for minutes where packets vanish, and
/// all that want to connect wait for one another.
#pragma once

#include "actors/replicas/link/channel.hpp"
#include "config/values/values.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace synapse::actors::cluster {

struct knock_result {
  owned_fd socket;     ///< connected, does not block; none: nobody has answered
  std::string ip;      ///< the address that has accepted it
  bool local = false;  ///< it is one of this machine's (or container's) own
  bool nobody = false; ///< all addresses that were tried say that nobody listens there
  std::string problem; ///< why nobody answered
};

/// Addresses of a name as texts, in a stable order; IPv6 only where there is nothing else. Empty
/// with `problem` set when there is none. Blocks as long as the system's resolver does.
std::vector<std::string> addresses_of(const std::string& host, std::string& problem);

/// Blocks: the resolver, and at most `limit` for each address and thrice `limit` for all.
knock_result knock(const config::host_port& at, std::chrono::milliseconds limit);

} // namespace synapse::actors::cluster
