#include "http/core/field.hpp"

#include "http/core/scan.hpp"

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
    return same_name(p, "host")   ? known_field::host
           : same_name(p, "date") ? known_field::date
                                  : known_field::other;
  case 6:
    return same_name(p, "accept")   ? known_field::accept
           : same_name(p, "server") ? known_field::server
           : same_name(p, "cookie") ? known_field::cookie
           : same_name(p, "origin") ? known_field::origin
           : same_name(p, "expect") ? known_field::expect
                                    : known_field::other;
  case 7:
    return same_name(p, "upgrade")   ? known_field::upgrade
           : same_name(p, "trailer") ? known_field::trailer
                                     : known_field::other;
  case 9:
    return same_name(p, "x-api-key")   ? known_field::x_api_key
           : same_name(p, "forwarded") ? known_field::forwarded
                                       : known_field::other;
  case 10:
    return same_name(p, "user-agent")   ? known_field::user_agent
           : same_name(p, "connection") ? known_field::connection
           : same_name(p, "keep-alive") ? known_field::keep_alive
           : same_name(p, "set-cookie") ? known_field::set_cookie
           : same_name(p, "tracestate") ? known_field::tracestate
                                        : known_field::other;
  case 11:
    return same_name(p, "traceparent")   ? known_field::traceparent
           : same_name(p, "retry-after") ? known_field::retry_after
                                         : known_field::other;
  case 12:
    return same_name(p, "content-type")   ? known_field::content_type
           : same_name(p, "x-request-id") ? known_field::x_request_id
                                          : known_field::other;
  case 13:
    return same_name(p, "authorization")   ? known_field::authorization
           : same_name(p, "cache-control") ? known_field::cache_control
           : same_name(p, "last-event-id") ? known_field::last_event_id
                                           : known_field::other;
  case 14:
    return same_name(p, "content-length") ? known_field::content_length : known_field::other;
  case 15:
    return same_name(p, "accept-encoding")   ? known_field::accept_encoding
           : same_name(p, "x-forwarded-for") ? known_field::x_forwarded_for
                                             : known_field::other;
  case 16:
    return same_name(p, "content-encoding")   ? known_field::content_encoding
           : same_name(p, "proxy-connection") ? known_field::proxy_connection
           : same_name(p, "www-authenticate") ? known_field::www_authenticate
           : same_name(p, "x-forwarded-host") ? known_field::x_forwarded_host
                                              : known_field::other;
  case 17:
    return same_name(p, "transfer-encoding")   ? known_field::transfer_encoding
           : same_name(p, "x-forwarded-proto") ? known_field::x_forwarded_proto
           : same_name(p, "x-accel-buffering") ? known_field::x_accel_buffering
                                               : known_field::other;
  case 18:
    return same_name(p, "proxy-authenticate") ? known_field::proxy_authenticate
                                              : known_field::other;
  case 19:
    return same_name(p, "proxy-authorization") ? known_field::proxy_authorization
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
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (detail::to_lower(a[i]) != detail::to_lower(b[i]))
      return false;
  return true;
}

} // namespace synapse::http
