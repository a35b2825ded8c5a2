# tests/kubernetes: the runtime controller against a Kubernetes API with TLS, on real sockets.
synapse_add_test(runtime_controller
  SOURCES
    kubernetes/runtime_controller_tls_test.cpp
  DEPENDS app actors_kubernetes
  LINK synapse_test_support nlohmann_json::nlohmann_json)
