/// @file
/// The dashboard's handlers, which http/openapi/api_routes.cpp lists. Each replies exactly once, on
/// the exchange's thread, and has no more than its parameters.
#pragma once

#include "http/dashboard/dashboard_services.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/server/routes/route_table.hpp"

namespace synapse::net {
class blocking_pool;
}

namespace synapse::api {

// terminal_handler.cpp
/// GET /events/terminal: the log of all replicas as server-sent events, until the viewer leaves.
net::task<void> terminal_events(const feed_services& feed, server::exchange& exchange);

// pages_handler.cpp
/// Has `handle` serve the request if its client may; a browser gets the login page otherwise.
net::task<void> behind_gate(dashboard_gate& gate, server::exchange& exchange,
                            const server::handler& handle);
/// GET /, /ui, /dashboard: the front end.
net::task<void> dashboard_page(const page_services& pages, server::exchange& exchange);
/// GET /dashboard/assets/{file}
net::task<void> dashboard_asset(const page_services& pages, server::exchange& exchange);
/// GET /dashboard/login.css
net::task<void> dashboard_style(server::exchange& exchange);
/// GET /dashboard/login.js
net::task<void> dashboard_login_script(server::exchange& exchange);
/// GET /favicon.ico
net::task<void> dashboard_icon(server::exchange& exchange);
/// GET /docs: the dashboard's page of the API, and a plain one where the front end is not built.
net::task<void> docs(const page_services& pages, server::exchange& exchange);
/// GET /dashboard/login: the form, or with `access_token` the login itself.
net::task<void> dashboard_login_page(dashboard_gate& gate, server::exchange& exchange);
/// POST /dashboard/login: 303 for a form, 204 for JSON, with the cookie.
net::task<void> dashboard_login(dashboard_gate& gate, server::exchange& exchange);
/// POST /dashboard/logout
net::task<void> dashboard_logout(dashboard_gate& gate, server::exchange& exchange);

// api_handler.cpp
/// GET /api/session
net::task<void> api_session(const session_services& session, server::exchange& exchange);
/// GET /api/overview: samples of the last hour, or those after `since`, of all traffic or a
/// `route`.
net::task<void> api_overview(const overview_services& all, server::exchange& exchange);
/// GET /api/voices/{voice_id}/references/{file}
net::task<void> api_voice_reference(net::blocking_pool& blocking, server::exchange& exchange);
/// GET /cluster
net::task<void> cluster_members(const replica_services& replica, server::exchange& exchange);

// backends_handler.cpp
/// GET /api/backends
net::task<void> api_backends(const backend_services& watched, server::exchange& exchange);
/// GET /api/backend-routes
net::task<void> api_backend_routes(const backend_services& watched, server::exchange& exchange);

// backend_test_handler.cpp
/// POST /api/backends/{name}/test: answers 200 also when the backend does not do well.
net::task<void> api_test_backend(const backend_services& watched, server::exchange& exchange);

// requests_handler.cpp
/// GET /api/requests: those under way on this replica.
net::task<void> api_requests(const request_services& known, server::exchange& exchange);
/// GET /api/requests/finished: the last ones that have ended on this replica.
net::task<void> api_finished_requests(const request_services& known, server::exchange& exchange);
/// POST /api/requests/{id}/cancel
net::task<void> api_cancel_request(const request_services& known, server::exchange& exchange);

// catalog/catalog_handler.cpp
/// GET /api/catalog
net::task<void> api_catalog(server::exchange& exchange);
/// POST /api/catalog/deployments/drain: no further request goes there.
net::task<void> api_drain_deployment(server::exchange& exchange);
/// POST /api/catalog/deployments/enable
net::task<void> api_enable_deployment(server::exchange& exchange);

// config_handler.cpp
/// GET /api/config
net::task<void> api_config(const replica_services& replica, server::exchange& exchange);

} // namespace synapse::api
