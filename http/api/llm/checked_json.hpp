/// @file
/// A client's own JSON request, checked and passed on as it came.
#pragma once

#include "http/client/thread_routes.hpp"
#include "http/server/exchange.hpp"

namespace synapse::api {

/// Replies in every case. On the exchange's thread. completions_handler.cpp
net::task<void> forward_whole_json(server::exchange& exchange, client::site_ptr site);

} // namespace synapse::api
