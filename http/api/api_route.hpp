/// @file
/// One route of the API, as the list in http/openapi/api_routes.cpp has it.
#pragma once

#include "http/server/routes/route_table.hpp"

#include <string_view>

namespace synapse::api {

struct services;

/// A handler without its services.
using handler_function = net::task<void> (*)(const services&, server::exchange&);

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
};

} // namespace synapse::api
