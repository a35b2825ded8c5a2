/// @file
/// Addresses between actors and sockets.
#pragma once

#include "actors/protocol/permit_messages.hpp"
#include "http/net/transport.hpp"

namespace synapse::client {

/// A protocol address as Asio's.
net::tcp::endpoint to_endpoint(const actors::backend_address& address);

} // namespace synapse::client
