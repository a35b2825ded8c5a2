#include "http/api/api_handlers.hpp"
#include "http/core/request/path_form.hpp"
#include "http/proxy/forwarder.hpp"
#include "http/server/routes/route_hints.hpp"

namespace synapse::api {

net::task<void> pass_through(server::exchange& exchange) {
  const auto site = exchange.routes()->site_for_path(exchange.path());
  if (!site) {
    const auto message = server::no_such_route(exchange.owner().routes_table, exchange.path());
    co_await exchange.reply_error(http::response_detail::route_not_found, message);
    co_return;
  }
  if (http::has_escaped_slash(exchange.path())) {
    // The backend may take it for a separator, and find itself on another path than the route's.
    co_await exchange.reply_error(http::response_detail::bad_request_head,
                                  "the path holds an escaped slash, which is not passed on");
    co_return;
  }
  proxy::forward_options options;
  options.stream_body = true;
  co_await proxy::forward(exchange, site, options);
}

} // namespace synapse::api
