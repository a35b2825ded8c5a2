#include "http/handlers/api_handlers.hpp"
#include "http/handlers/forwarder.hpp"

namespace synapse::handlers {

net::task<void> pass_through(const services&, server::exchange& exchange) {
  const auto site = exchange.routes()->site_for_path(exchange.path());
  if (!site) {
    co_await exchange.reply_error(http::response_detail::route_not_found);
    co_return;
  }
  forward_options options;
  options.stream_body = true;
  co_await forward(exchange, site, options);
}

} // namespace synapse::handlers
