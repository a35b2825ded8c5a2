synapse_add_component(http_client
  PATH http/client
  SOURCES endpoint.cpp upstream_pool.cpp answer_body.cpp patience.cpp fetch.cpp http_link.cpp
  DEPENDS net http_core telemetry actors_protocol actors_runtime)

synapse_add_test(http_client
  SOURCES http/client/upstream_pool_test.cpp http/client/fetch_test.cpp
          http/client/answer_body_test.cpp http/client/head_reader_test.cpp
          http/client/connector_test.cpp http/client/patience_test.cpp
          http/client/http_link_test.cpp
  DEPENDS http_client)
