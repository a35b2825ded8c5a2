/// @file
/// Connections over TLS for CAF's network module.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>

namespace synapse::actors::cluster {

/// Spawns the actor that listens and connects with the certificates of the system's configuration,
/// on a thread of its own. It stands in for the one of caf::openssl 0.17.6, whose sessions and
/// protocol it uses: that one leaves a failed session's errors in OpenSSL's queue of its thread,
/// where the next session of the same thread finds them and takes them for its own. Whoever breaks
/// off a handshake, such as a port scanner, would so cut a connection between replicas. Likewise a
/// certificate file that cannot be used any more would end the process, and here does not.
/// It ends when it is killed (exit_reason::kill), as CAF's own.
caf::io::middleman_actor spawn_tls_middleman(caf::actor_system& system);

} // namespace synapse::actors::cluster
