#include "app/boot/surface.hpp"

#include "app/version.hpp"
#include "http/openapi/api_routes.hpp"
#include "http/openapi/document.hpp"

namespace synapse::app {

namespace {

/// All but what shows people what the gateway does, which observation fills in.
api::services basic_services(const server::lifecycle& life, net::blocking_pool& blocking,
                             telemetry::metric_registry& registry) {
  api::services result;
  result.life = &life;
  result.metrics = &registry;
  result.routes = api::api_routes();
  result.blocking = &blocking;
  result.version = version;
  result.started = std::chrono::system_clock::now();
  result.openapi = api::make_openapi(version);
  result.docs = api::make_docs_page(version);
  return result;
}

} // namespace

surface::surface(const config::settings& first, instruments& tools)
    : services(basic_services(life, blocking, tools.registry)),
      observed(first, tools.log, tools.metrics, services) {
  api::add_routes(table, services,
                  [&tools](std::string_view name) { return &tools.metrics.route(name); });
}

} // namespace synapse::app
