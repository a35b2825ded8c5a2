/// @file
/// One route of the API, as the list in http/openapi/api_routes.cpp has it, and what its handler
/// may be given.
#pragma once

#include "http/net/task.hpp"
#include "http/server/routes/route_table.hpp"

#include <string_view>
#include <tuple>
#include <variant>

namespace synapse::net {
class blocking_pool;
}
namespace synapse::server {
struct lifecycle;
}
namespace synapse::telemetry {
class metric_registry;
}

namespace synapse::api {

class dashboard_gate;
struct backend_services;
struct feed_services;
struct openapi_text;
struct overview_services;
struct page_services;
struct replica_services;
struct request_services;
struct session_services;

/// A handler takes the exchange, or one of the services and the exchange.
template <class... Services>
struct handlers_of {
  using function = std::variant<net::task<void> (*)(server::exchange&),
                                net::task<void> (*)(Services&, server::exchange&)...>;
  using services = std::tuple<Services*...>;
};
using api_handlers =
    handlers_of<net::blocking_pool, const server::lifecycle, const telemetry::metric_registry,
                const openapi_text, dashboard_gate, const page_services, const replica_services,
                const session_services, const backend_services, const request_services,
                const overview_services, const feed_services>;
using handler_function = api_handlers::function;

/// All that handlers are given; they outlive the routes.
class service_set {
public:
  template <class Service>
  void add(Service& service) {
    std::get<Service*>(all_) = &service;
  }
  template <class Service>
  Service* get() const {
    return std::get<Service*>(all_);
  }

private:
  api_handlers::services all_;
};

struct api_route {
  std::string_view method;
  std::string_view path;
  server::access who;
  handler_function handle;
  std::string_view id; ///< OpenAPI operationId
  std::string_view tag;
  std::string_view summary;
  std::string_view request;  ///< name of the request body's schema; empty: no body
  std::string_view response; ///< name of the answer's schema, or a media type with '/'
  std::string_view backend;  ///< conventional backend, for people; empty: the gateway itself
  std::string_view request_type = "application/json";
  std::string_view success = "200"; ///< status of a good answer
  bool slashes = false; ///< the path's one parameter may hold slashes as they are: ids of models do
  http::error_dialect errors = http::error_dialect::plain; ///< the envelope of its errors
};

/// Whether a backend is asked: the conventional one, or whoever has the model.
constexpr bool asks_backend(const api_route& route) noexcept {
  const bool by_model =
      route.errors == http::error_dialect::ollama || route.errors == http::error_dialect::anthropic;
  return !route.backend.empty() || (by_model && !route.request.empty());
}

/// Whether requests and answers are a backend's own, whatever they say.
constexpr bool is_passed_on(const api_route& route) noexcept {
  return route.errors == http::error_dialect::ollama &&
         (route.response == "application/x-ndjson" || route.response == "text/plain");
}

} // namespace synapse::api
