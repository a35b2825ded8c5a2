# tests/integration: the whole gateway on real sockets, seen from its clients.
synapse_add_test(integration NO_PCH
  SOURCES
    integration/foreign_pages_test.cpp
    integration/malformed_heads_test.cpp
    integration/size_limits_test.cpp
    integration/slow_clients_test.cpp
    integration/connections_test.cpp
    integration/crowds_test.cpp
    integration/request_bodies_test.cpp
    integration/request_checks_test.cpp
    integration/health_test.cpp
    integration/models_test.cpp
    integration/derived_routes_test.cpp
    integration/model_routes_test.cpp
    integration/documents_test.cpp
    integration/pass_through_test.cpp
    integration/paths_test.cpp
    integration/backpressure_test.cpp
    integration/drain_test.cpp
    integration/reload_test.cpp
    integration/listener_tls_test.cpp
    integration/upstream_tls_test.cpp
    integration/command_line_test.cpp
    integration/probe_test.cpp
    integration/voices_test.cpp
  LINK synapse_test_support nlohmann_json::nlohmann_json)
