/// @file
/// An event stream that begins before its backend has answered.
#pragma once

#include "http/client/thread_routes.hpp"
#include "http/server/exchange.hpp"

#include <string>
#include <string_view>

namespace synapse::handlers {

/// Appends events or comments, with the head of the event stream (200) before the first of them,
/// framed as the client can read it. The exchange knows then that it carries events.
void append_early(std::string& out, server::exchange& exchange, const client::backend_site& site,
                  std::string_view content_type, std::string_view events);

} // namespace synapse::handlers
