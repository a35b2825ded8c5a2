synapse_add_component(http_client
  PATH http/client
  SOURCES upstream_pool.cpp fetch.cpp thread_routes.cpp model_desk.cpp model_index.cpp feed_desk.cpp
  DEPENDS net http_core telemetry actors_protocol actors_runtime)

synapse_add_test(http_client
  SOURCES http/client/model_index_test.cpp http/client/upstream_pool_test.cpp http/client/fetch_test.cpp
          http/client/thread_routes_test.cpp
  DEPENDS http_client)
