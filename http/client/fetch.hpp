/// @file
/// Small requests of the gateway itself: health probes, model lists.
#pragma once

#include "http/client/patience.hpp"
#include "http/client/upstream_pool.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace synapse::client {

struct fetch_request {
  std::string method = "GET";
  std::string target;       ///< path and query as sent
  std::string authority;    ///< Host field
  std::string fields;       ///< further complete field lines
  std::string content_type; ///< of `body`; empty: there is none
  std::string body;
  net::time_ns deadline = 0;
  std::size_t max_body = 4 * 1024 * 1024;
  /// For answers that are read while they arrive: called with the status and each piece of a good
  /// (2xx) one; `fetch_result::body` stays empty then. @returns false to end the fetch
  /// (`canceled`).
  std::function<bool(std::string_view)> on_piece;
  /// With `on_piece`: how long nothing may come once the head is there; `deadline` holds until
  /// then.
  net::time_ns idle_limit = 0;
};

enum class fetch_error { none, connect_failure, timeout, reset, bad_response, too_large, canceled };

struct fetch_result {
  fetch_error error = fetch_error::none;
  unsigned status = 0; ///< also with `too_large`
  std::string body;    ///< decoded from its transfer coding

  fetch_result() = default;
  bool ok() const noexcept { return error == fetch_error::none; }
  /// For people; names the error of `connect_failure` too.
  std::string message;
};

/// Asks once, on a connection of `pool`; own thread. @param cancel may be null.
net::task<fetch_result> fetch(upstream_pool& pool, net::tcp::endpoint address,
                              fetch_request request, canceler_ptr cancel = nullptr);

/// Opens a new connection, with TLS where the pool speaks it, and closes it again: whether somebody
/// is there who must not be asked anything. Own thread. @param cancel may be null.
/// @returns status 0 and no body in any case
net::task<fetch_result> try_connection(upstream_pool& pool, net::tcp::endpoint address,
                                       net::time_ns deadline, canceler_ptr cancel = nullptr);

} // namespace synapse::client
