/// @file
/// A connection that has passed the gate, for CAF's network module.
#pragma once

#include "actors/replicas/link/channel.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/scribe.hpp>

namespace synapse::actors::cluster {

/// What CAF's broker reads from and writes to, with TLS where the connection has it. Any thread.
/// CAF's own TLS is not used: its sessions leave the errors of a broken handshake in OpenSSL's
/// queue of their thread, where the next one takes them for its own, and they read the certificate
/// files for every stranger.
caf::io::scribe_ptr make_scribe(caf::actor_system& system, channel connection);

} // namespace synapse::actors::cluster
