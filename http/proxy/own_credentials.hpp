/// @file
/// What of a request's credentials is the gateway's own business. The one place that says so.
#pragma once

#include "http/core/request/credentials.hpp"
#include "http/server/exchange/exchange.hpp"

namespace synapse::proxy {

/// Of this request: never sent to a backend. Views into the settings, valid while the exchange is.
inline http::own_credentials own_credentials_of(const server::exchange& ex) {
  const auto& process = ex.settings().process;
  http::own_credentials own;
  own.cookie = process.dashboard_cookie_name;
  if (process.dashboard_access_token)
    own.token = *process.dashboard_access_token;
  return own;
}

} // namespace synapse::proxy
