synapse_add_component(http_server
  PATH http/server
  SOURCES connection/connection.cpp connection/connection_limits.cpp connection/listener.cpp
          connection/reserved_room.cpp connection/worker.cpp
          exchange/exchange.cpp filters/account_filters.cpp filters/filters.cpp
          filters/origin_filter.cpp filters/origin_policy.cpp filters/request_filters.cpp
          routes/route_hints.cpp routes/route_table.cpp
          traffic/finished_requests.cpp traffic/traffic_desk.cpp
  DEPENDS http_sites http_client actors_runtime actors_protocol http_core telemetry
  LINK spdlog::spdlog)

synapse_add_test(http_server
  SOURCES http/server/filters/origin_policy_test.cpp http/server/routes/route_hints_test.cpp
          http/server/routes/route_table_test.cpp http/server/connection/body_pace_test.cpp
          http/server/connection/connection_limits_test.cpp
          http/server/connection/reserved_room_test.cpp
          http/server/exchange/kept_room_test.cpp http/server/traffic/traffic_desk_test.cpp support/waiting.cpp
  DEPENDS http_server)
