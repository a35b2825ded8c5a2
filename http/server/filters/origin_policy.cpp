#include "http/server/filters/origin_policy.hpp"

#include "http/core/request/client_address.hpp"
#include "http/core/request/host_name.hpp"
#include "http/core/request/request_origin.hpp"
#include "http/server/routes/route_table.hpp"

#include <algorithm>

namespace synapse::server {

namespace {
using http::known_field;
using http::verb;

bool asks_before(const http::request_head& head) noexcept {
  return head.method_id == verb::options && head.fields.has(known_field::origin) &&
         head.fields.find("Access-Control-Request-Method") != nullptr;
}

/// What a page of an origin that nobody has named may cause.
bool is_harmless(const http::request_head& head, const route* matched) noexcept {
  if (matched == nullptr)
    return true; // 404 or 405
  if (head.method_id != verb::get && head.method_id != verb::head)
    return false;
  switch (matched->foreign) {
  case foreign_use::all:
    return true;
  case foreign_use::links:
    return http::is_navigation(head);
  default:
    return false;
  }
}
} // namespace

bool origin_policy::is_served_name(std::string_view authority,
                                   const config::listener_settings& listener) const noexcept {
  if (authority.empty() || http::is_loopback_host(authority)) // HTTP/1.0 needs no Host
    return true;
  const auto host = http::host_of(authority);
  const auto is_it = [&](std::string_view name) {
    if (host.starts_with('[') && name.find(':') != std::string_view::npos) // IPv6, as configured
      return config::parse_address(host.substr(1, host.size() - 2)) == config::parse_address(name);
    return http::same_host(host, name);
  };
  return is_it(place_.host) || std::any_of(listener.hosts.begin(), listener.hosts.end(), is_it);
}

origin_policy::verdict origin_policy::judge(const http::request_head& head, std::string_view peer,
                                            bool tls, const route* matched,
                                            const config::settings& settings) const noexcept {
  if (place_.loopback && !(matched != nullptr && matched->any_name) &&
      !is_served_name(head.host, settings.listener))
    return {answer::wrong_name, {}};
  if (!http::is_from_browser(head))
    return {};
  http::arrival how;
  how.tls = tls;
  how.trusted =
      !place_.proxies.empty() && config::contains(place_.proxies, http::peer_address(peer));
  if (http::initiator_of(head, how) != http::initiator::foreign)
    return {};
  // The dashboard's own routes are for its own pages, whatever other pages may do.
  const auto& named = settings.cors.origins;
  const auto origin = head.fields.value_of(known_field::origin);
  const bool may = (matched == nullptr || matched->who == access::open) &&
                   std::find(named.begin(), named.end(), origin) != named.end();
  if (may)
    return {asks_before(head) ? answer::preflight : answer::serve_page, origin};
  return {asks_before(head) || !is_harmless(head, matched) ? answer::foreign : answer::serve, {}};
}

} // namespace synapse::server
