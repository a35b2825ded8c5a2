#include "http/core/head/field.hpp"

#include "http/core/head/scan.hpp"

namespace synapse::http {

using detail::same_name;

known_field identify_field(std::string_view name) noexcept {
  const char* p = name.data();
  // By length first, then by whole words: one or two comparisons for any name.
  switch (name.size()) {
  case 2:
    return same_name(p, "te") ? known_field::te : known_field::other;
  case 3:
    return same_name(p, "via") ? known_field::via : known_field::other;
  case 4:
    return same_name(p, "date")   ? known_field::date
           : same_name(p, "host") ? known_field::host
                                  : known_field::other;
  case 6:
    return same_name(p, "accept")   ? known_field::accept
           : same_name(p, "cookie") ? known_field::cookie
           : same_name(p, "expect") ? known_field::expect
           : same_name(p, "origin") ? known_field::origin
           : same_name(p, "server") ? known_field::server
                                    : known_field::other;
  case 7:
    return same_name(p, "api-key")   ? known_field::api_key
           : same_name(p, "trailer") ? known_field::trailer
           : same_name(p, "upgrade") ? known_field::upgrade
                                     : known_field::other;
  case 8:
    return same_name(p, "location") ? known_field::location : known_field::other;
  case 9:
    return same_name(p, "forwarded")   ? known_field::forwarded
           : same_name(p, "x-api-key") ? known_field::x_api_key
                                       : known_field::other;
  case 10:
    return same_name(p, "connection")   ? known_field::connection
           : same_name(p, "keep-alive") ? known_field::keep_alive
           : same_name(p, "set-cookie") ? known_field::set_cookie
           : same_name(p, "tracestate") ? known_field::tracestate
           : same_name(p, "user-agent") ? known_field::user_agent
           : same_name(p, "xi-api-key") ? known_field::xi_api_key
                                        : known_field::other;
  case 11:
    return same_name(p, "retry-after")   ? known_field::retry_after
           : same_name(p, "traceparent") ? known_field::traceparent
                                         : known_field::other;
  case 12:
    return same_name(p, "content-type")   ? known_field::content_type
           : same_name(p, "x-auth-token") ? known_field::x_auth_token
           : same_name(p, "x-request-id") ? known_field::x_request_id
                                          : known_field::other;
  case 13:
    return same_name(p, "authorization")   ? known_field::authorization
           : same_name(p, "cache-control") ? known_field::cache_control
           : same_name(p, "last-event-id") ? known_field::last_event_id
                                           : known_field::other;
  case 14:
    return same_name(p, "content-length")   ? known_field::content_length
           : same_name(p, "sec-fetch-site") ? known_field::sec_fetch_site
           : same_name(p, "x-access-token") ? known_field::x_access_token
           : same_name(p, "x-goog-api-key") ? known_field::x_goog_api_key
                                            : known_field::other;
  case 15:
    return same_name(p, "accept-encoding")   ? known_field::accept_encoding
           : same_name(p, "x-forwarded-for") ? known_field::x_forwarded_for
                                             : known_field::other;
  case 16:
    return same_name(p, "content-encoding")   ? known_field::content_encoding
           : same_name(p, "content-location") ? known_field::content_location
           : same_name(p, "proxy-connection") ? known_field::proxy_connection
           : same_name(p, "www-authenticate") ? known_field::www_authenticate
           : same_name(p, "x-forwarded-host") ? known_field::x_forwarded_host
                                              : known_field::other;
  case 17:
    return same_name(p, "transfer-encoding")   ? known_field::transfer_encoding
           : same_name(p, "x-accel-buffering") ? known_field::x_accel_buffering
           : same_name(p, "x-forwarded-proto") ? known_field::x_forwarded_proto
                                               : known_field::other;
  case 18:
    return same_name(p, "proxy-authenticate") ? known_field::proxy_authenticate
                                              : known_field::other;
  case 19:
    return same_name(p, "proxy-authorization") ? known_field::proxy_authorization
                                               : known_field::other;
  case 20:
    return same_name(p, "x-amz-security-token") ? known_field::x_amz_security_token
                                                : known_field::other;
  case 22:
    return same_name(p, "access-control-max-age") ? known_field::access_control_max_age
                                                  : known_field::other;
  case 25:
    return same_name(p, "ocp-apim-subscription-key") ? known_field::ocp_apim_subscription_key
                                                     : known_field::other;
  case 27:
    return same_name(p, "access-control-allow-origin") ? known_field::access_control_allow_origin
                                                       : known_field::other;
  case 28:
    return same_name(p, "access-control-allow-headers") ? known_field::access_control_allow_headers
           : same_name(p, "access-control-allow-methods")
               ? known_field::access_control_allow_methods
               : known_field::other;
  case 29:
    return same_name(p, "access-control-expose-headers")
               ? known_field::access_control_expose_headers
               : known_field::other;
  case 32:
    return same_name(p, "access-control-allow-credentials")
               ? known_field::access_control_allow_credentials
               : known_field::other;
  case 36:
    return same_name(p, "access-control-allow-private-network")
               ? known_field::access_control_allow_private_network
               : known_field::other;
  default:
    return known_field::other;
  }
}

const field* field_list::find(std::string_view name) const noexcept {
  for (const field& f : *this)
    if (iequals(f.name, name))
      return &f;
  return nullptr;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a == b) // as nearly everybody writes it
    return true;
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (detail::to_lower(a[i]) != detail::to_lower(b[i]))
      return false;
  return true;
}

} // namespace synapse::http
