#include "app/boot/surface.hpp"

#include "app/version.hpp"
#include "http/openapi/api_routes.hpp"
#include "http/openapi/document.hpp"

namespace synapse::app {

surface::surface(const config::settings& first, instruments& tools)
    : observed(first, tools.log, tools.metrics, life) {
  described.json = api::make_openapi(version);
  api::service_set services;
  services.add(blocking);
  services.add<const server::lifecycle>(life);
  services.add<const telemetry::metric_registry>(tools.registry);
  services.add<const api::openapi_text>(described);
  observed.offer(services);
  api::add_routes(table, services,
                  [&tools](std::string_view name) { return &tools.metrics.route(name); });
}

} // namespace synapse::app
