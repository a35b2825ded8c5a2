/// @file
/// A client's own JSON request, checked and passed on as it came.
#pragma once

#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

namespace synapse::api {

/// Replies in every case. On the exchange's thread. completions_handler.cpp
net::task<void> forward_whole_json(server::exchange& exchange, client::site_ptr site);

} // namespace synapse::api
