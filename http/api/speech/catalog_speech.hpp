/// @file
/// Speech whose model is a name of the catalog.
#pragma once

#include "http/server/exchange/exchange.hpp"

namespace synapse::net {
class blocking_pool;
}

namespace synapse::api {

/// @returns whether the client has its answer or has left; false: the catalog has nothing to do
/// with the request, whose body may have been read. On the exchange's thread.
net::task<bool> speak_by_name(net::blocking_pool& blocking, server::exchange& exchange);

} // namespace synapse::api
