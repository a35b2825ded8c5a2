/// @file
/// A voice of the library becomes known to a backend that is to speak with it.
#pragma once

#include "actors/protocol/voice_messages.hpp"
#include "http/api/deployments/preparation.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

#include <string>

namespace synapse::net {
class blocking_pool;
}

namespace synapse::api {

/// Gives a Chatterbox the voice's first reference. Tells the client nothing.
/// @param where of the library @param copy set to the name that the backend has given it
/// @param into `ready`, or why not
net::task<void> give_reference(net::blocking_pool& blocking, server::exchange& exchange,
                               client::site_ptr site, const actors::voice_location& where,
                               std::string& copy, preparation& into);

/// Tells the library what a backend calls its copy. @param copy empty: it has lost it
void tell_of_copy(server::exchange& exchange, const client::backend_site& site,
                  const std::string& voice_id, std::string copy);

} // namespace synapse::api
