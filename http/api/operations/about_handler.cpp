#include "http/api/api_handlers.hpp"
#include "http/api/operations/openapi_text.hpp"
#include "telemetry/metric_registry.hpp"

namespace synapse::api {

net::task<void> metrics(const telemetry::metric_registry& registry, server::exchange& exchange) {
  std::string text;
  registry.render(text);
  co_await exchange.reply(200, telemetry::exposition_content_type, text);
}

net::task<void> openapi_json(const openapi_text& text, server::exchange& exchange) {
  co_await exchange.reply(200, "application/json", text.json);
}

} // namespace synapse::api
