#include "http/handlers/api_handlers.hpp"
#include "telemetry/metric_registry.hpp"

namespace synapse::handlers {

net::task<void> metrics(const services& all, server::exchange& exchange) {
  std::string text;
  all.metrics->render(text);
  co_await exchange.reply(200, telemetry::exposition_content_type, text);
}

net::task<void> openapi_json(const services& all, server::exchange& exchange) {
  co_await exchange.reply(200, "application/json", all.openapi);
}

net::task<void> docs(const services& all, server::exchange& exchange) {
  co_await exchange.reply(200, "text/html; charset=utf-8", all.docs,
                          "Content-Security-Policy: default-src 'none'; style-src "
                          "'unsafe-inline'; base-uri 'none'; form-action 'none'\r\n"
                          "X-Content-Type-Options: nosniff\r\n");
}

} // namespace synapse::handlers
