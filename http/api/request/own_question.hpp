/// @file
/// Small questions that the gateway asks a backend for a client's request: which models, which
/// voices.
#pragma once

#include "actors/protocol/permit_messages.hpp"
#include "http/client/fetch.hpp"
#include "http/server/exchange/exchange.hpp"

#include <cstddef>
#include <string_view>

namespace synapse::api {

/// With the credentials and the id that the client's own request would have there.
/// @param target below the backend's base path. @param patience ns, from now
client::fetch_request own_question(server::exchange& exchange, const client::backend_site& site,
                                   std::string_view target, net::time_ns patience,
                                   std::size_t max_body);

/// What the backend's lane is told of how it ended.
/// @param probe of its circuit; else the question's patience, which is shorter than the backend's
/// limits, says nothing about it
actors::attempt_result outcome_of(client::fetch_error error, bool probe) noexcept;

} // namespace synapse::api
