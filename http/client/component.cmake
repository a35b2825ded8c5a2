synapse_add_component(http_client
  PATH http/client
  SOURCES endpoint.cpp upstream_pool.cpp fetch.cpp http_link.cpp
  DEPENDS net http_core telemetry actors_protocol actors_runtime)

synapse_add_test(http_client
  SOURCES http/client/upstream_pool_test.cpp http/client/fetch_test.cpp
  DEPENDS http_client)
