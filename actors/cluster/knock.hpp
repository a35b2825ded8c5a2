/// @file
/// Looks whether anybody listens at an address, before CAF is asked to connect: CAF's connect()
/// blocks, for minutes where packets vanish, and all that want to connect wait for one another.
#pragma once

#include "config/values.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace synapse::actors::cluster {

struct knock_result {
  std::string ip;      ///< an address that has accepted a connection; empty: none has
  bool local = false;  ///< it is one of this machine's (or container's) own
  std::string problem; ///< why nobody answered
};

/// Addresses of a name as texts, in a stable order; IPv6 only where there is nothing else. Empty
/// with `problem` set when there is none. Blocks as long as the system's resolver does.
std::vector<std::string> addresses_of(const std::string& host, std::string& problem);

/// Connects and closes at once. Blocks: the resolver, and at most `limit` for each address and
/// thrice `limit` for all.
knock_result knock(const config::host_port& at, std::chrono::milliseconds limit);

} // namespace synapse::actors::cluster
