synapse_add_component(http_server
  PATH http/server
  SOURCES route_table.cpp route_hints.cpp exchange.cpp worker.cpp connection_limits.cpp reserved_room.cpp
          connection.cpp listener.cpp
          admission.cpp origin_policy.cpp
          traffic_desk.cpp finished_requests.cpp
  DEPENDS http_client actors_runtime actors_protocol http_core telemetry
  LINK spdlog::spdlog)

synapse_add_test(http_server
  SOURCES http/server/origin_policy_test.cpp http/server/route_hints_test.cpp
          http/server/route_table_test.cpp http/server/body_pace_test.cpp
          http/server/connection_limits_test.cpp
  DEPENDS http_server)
