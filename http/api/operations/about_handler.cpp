#include "http/api/api_handlers.hpp"
#include "telemetry/metric_registry.hpp"

namespace synapse::api {

net::task<void> metrics(const services& all, server::exchange& exchange) {
  std::string text;
  all.metrics->render(text);
  co_await exchange.reply(200, telemetry::exposition_content_type, text);
}

net::task<void> openapi_json(const services& all, server::exchange& exchange) {
  co_await exchange.reply(200, "application/json", all.openapi);
}

} // namespace synapse::api
