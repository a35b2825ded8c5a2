/// @file
/// A voice of the library becomes known to a backend that is to speak with it.
#pragma once

#include "actors/protocol/voice_messages.hpp"
#include "http/api/deployments/preparation.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace synapse::net {
class blocking_pool;
}

namespace synapse::api {

/// Who hears of it when a reference cannot be given.
struct reference_hearer {
  /// Of errors that the forwarder tells the client by itself, after the backend's own retries;
  /// nothing: the first failure is the caller's to judge.
  std::optional<std::string_view> label;
  net::time_ns deadline = 0; ///< of the request; 0: it has none
};

/// Gives a Chatterbox the voice's first reference.
/// @param where of the library @param copy set to the name that the backend has given it
/// @param into `ready`, or why not; what the backend has answered is in there in either case.
/// `gone`: the client has left, or has its answer
net::task<void> give_reference(net::blocking_pool& blocking, server::exchange& exchange,
                               client::site_ptr site, const actors::voice_location& where,
                               reference_hearer hearer, std::string& copy, preparation& into);

/// Tells the library what a backend calls its copy. @param copy empty: it has lost it
void tell_of_copy(server::exchange& exchange, const client::backend_site& site,
                  const std::string& voice_id, std::string copy);

} // namespace synapse::api
