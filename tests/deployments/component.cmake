# tests/deployments: a catalog's names through the whole gateway, with model servers that the tests
# play themselves.
synapse_add_test(deployments NO_PCH
  SOURCES
    deployments/anthropic_clients_test.cpp
    deployments/bed.cpp
    deployments/cells_test.cpp
    deployments/departures_test.cpp
    deployments/failures_test.cpp
    deployments/limits_test.cpp
    deployments/ollama_clients_test.cpp
    deployments/ollama_test.cpp
    deployments/outages_test.cpp
    deployments/renamed_answers_test.cpp
    deployments/replicas_test.cpp
    deployments/requests_test.cpp
    deployments/responses_clients_test.cpp
    deployments/rows_test.cpp
    deployments/signed_answers_test.cpp
    deployments/streams_test.cpp
    deployments/unfit_servers_test.cpp
    deployments/unknown_fields_test.cpp
  LINK synapse_test_support nlohmann_json::nlohmann_json)
