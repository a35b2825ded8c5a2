# tests/observation: terminal feed and dashboard, seen from their viewers.
synapse_add_test(observation NO_PCH
  SOURCES
    observation/catalog_view_test.cpp
    observation/credentials_test.cpp
    observation/dashboard_test.cpp
    observation/config_view_test.cpp
    observation/finished_requests_test.cpp
    observation/health_view_test.cpp
    observation/replicas_test.cpp
    observation/terminal_test.cpp
    actors/feed/redis/redis_server.cpp
  DEPENDS actors_feed_redis
  LINK synapse_test_support nlohmann_json::nlohmann_json)
