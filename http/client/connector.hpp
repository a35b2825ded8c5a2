/// @file
/// The way to a connection that can carry a request: a kept one, or a new one in steps.
#pragma once

#include "http/client/upstream_pool.hpp"

#include <cstdint>

namespace synapse::client {

/// What has become of a new connection so far.
enum class open_step : std::uint8_t {
  more,   ///< wait
  open,   ///< it can carry a request
  failed, ///< see `open_error`; `is_tls` tells which part of the way it was
};

/// The most recently used kept connection to `address`, or null. From now on `wake` is told.
/// It may be stale: see http/core/replay.hpp.
inline connection_ptr take_kept(upstream_pool& pool, const net::tcp::endpoint& address,
                                const net::wake_ptr& wake) {
  auto connection = pool.take(address);
  if (connection)
    connection->attach(wake);
  return connection;
}

/// Goes on with a connection that `pool.open` has begun: TCP, then TLS where the pool speaks it.
/// Never waits: whoever does calls again when the connection has woken him, as long as he has
/// patience.
inline open_step open_further(upstream_pool& pool, upstream_connection& connection) {
  if (connection.opening())
    return open_step::more;
  if (connection.open_error())
    return open_step::failed;
  return pool.secure(connection) ? open_step::more : open_step::open;
}

} // namespace synapse::client
