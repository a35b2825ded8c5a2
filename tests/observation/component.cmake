# tests/observation: terminal feed and dashboard, seen from their viewers.
synapse_add_test(observation NO_PCH
  SOURCES
    observation/dashboard_test.cpp
    observation/terminal_test.cpp
  LINK synapse_test_support nlohmann_json::nlohmann_json)
