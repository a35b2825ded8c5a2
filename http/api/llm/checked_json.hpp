/// @file
/// A client's own JSON request, checked and passed on as it came.
#pragma once

#include "http/server/exchange/exchange.hpp"

namespace synapse::api {

/// To the backend of its path, which there is. Replies in every case. On the exchange's thread.
/// completions_handler.cpp
net::task<void> forward_whole_json(server::exchange& exchange);

} // namespace synapse::api
