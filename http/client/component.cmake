synapse_add_component(http_client
  PATH http/client
  SOURCES upstream_pool.cpp fetch.cpp thread_routes.cpp
  DEPENDS net http_core telemetry actors_protocol actors_runtime)
