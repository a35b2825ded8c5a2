#include "http/server/exchange/exchange.hpp"
#include "http/server/filters/filter.hpp"
#include "http/server/routes/route_hints.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <string>

namespace synapse::server {

using http::response_detail;

namespace {
/// What an orchestrator asks before it decides whether to restart this process.
bool is_probe(const exchange& current) {
  return current.path() == "/livez" || current.path() == "/readyz";
}

/// For a path that has routes, but none for the request's method.
net::task<void> refuse_method(exchange& current, std::string allow) {
  if (current.method() == http::verb::options) {
    co_await current.reply(204, {}, {}, "Allow: " + allow + "\r\n");
    co_return;
  }
  const auto message = "the method is not allowed for this route, which takes " + allow;
  co_await current.reply_error(response_detail::method_not_allowed, message, {}, allow);
}

/// Protocols that HTTP clients offer in passing, and go on without when nobody takes them up (RFC
/// 9110 section 7.8): Java's offers HTTP/2 with its first request.
bool is_offer(std::string_view protocols) noexcept {
  return http::iequals(protocols.substr(0, 2), "h2") ||
         http::iequals(protocols.substr(0, 4), "http") ||
         http::iequals(protocols.substr(0, 3), "tls");
}
} // namespace

std::optional<net::task<void>> keep_for_probes(exchange& current) {
  if (!current.arrived().reserved)
    return {};
  current.close_after();
  if (is_probe(current))
    return {};
  return current.reply_error(response_detail::too_many_connections);
}

std::optional<net::task<void>> check_path(exchange& current) {
  const auto fault = current.arrived().path_fault;
  if (fault == http::path_fault::none)
    return {};
  return current.reply_error(response_detail::bad_request_head, http::message_of(fault));
}

std::optional<net::task<void>> find_route(exchange& current) {
  const auto& table = current.owner().routes_table;
  auto match = table.match(current.head().method, current.path());
  // Whoever traces gets back what has been sent, the backend's key too; tunnels are no business of
  // a gateway. No route has these methods, and none passes them on.
  if (is_never_taken(current.head()))
    return refuse_method(current, match.allow.empty() ? std::string{allowed_by_pass_through}
                                                      : std::move(match.allow));
  const bool other_method = match.found == nullptr && !match.allow.empty();
  current.set_route(match.found || other_method ? match.found : table.fallback(), match);
  return {};
}

std::optional<net::task<void>> check_upgrade(exchange& current) {
  const auto* matched = current.matched();
  // An HTTP/1.0 client cannot mean it (RFC 9110 section 7.8).
  if (!current.head().upgrade || current.plain_only() ||
      (matched != nullptr && matched->upgrades) ||
      is_offer(current.head().fields.value_of(http::known_field::upgrade)))
    return {};
  return current.reply_error(response_detail::upgrade_not_supported);
}

std::optional<net::task<void>> check_method(exchange& current) {
  if (current.matched() != nullptr)
    return {};
  if (!current.allowed().empty())
    return refuse_method(current, current.allowed());
  return current.reply_error(response_detail::route_not_found);
}

} // namespace synapse::server
