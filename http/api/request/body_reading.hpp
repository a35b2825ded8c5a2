/// @file
/// A request's body on its way in: what became of it, and JSON read whole.
#pragma once

#include "http/api/request/refusal.hpp"
#include "http/core/json/json_text.hpp"
#include "http/server/exchange/exchange.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>

namespace synapse::api {

/// What to answer when a body did not arrive as it should; nothing when its client has left.
std::optional<refusal> refusal_of(server::exchange::body_state state, std::size_t limit);

/// The client has left before its request was complete: counts that.
void note_departure_while_reading(server::exchange& exchange);
/// The client has left while its model was waited for: nobody waits any more.
void note_departure_while_waiting(server::exchange& exchange);

/// Reads a JSON object from the body, of at most `limit` bytes: a parsed one takes many times its
/// size. @returns false when the client has its answer or has left.
net::task<bool> read_json_object(server::exchange& exchange, nlohmann::ordered_json& into,
                                 std::size_t limit);

} // namespace synapse::api
