synapse_add_component(actors_kubernetes
  PATH actors/kubernetes
  SOURCES api_client.cpp cluster_access.cpp container_args.cpp deployment.cpp refusal.cpp
          runtime_controller.cpp text.cpp
  DEPENDS config net actors_protocol
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(kubernetes
  SOURCES actors/kubernetes/cluster_access_test.cpp actors/kubernetes/container_args_test.cpp
          actors/kubernetes/deployment_test.cpp
          actors/kubernetes/runtime_controller_test.cpp
          actors/kubernetes/runtime_controller_refusals_test.cpp
          actors/kubernetes/refusal_test.cpp
  DEPENDS actors_kubernetes actors_runtime)

# Against an API with TLS, on real sockets. The gateway makes its TLS contexts, and so do these tests.
synapse_add_test(runtime_controller
  SOURCES actors/kubernetes/runtime_controller_tls_test.cpp
  DEPENDS app actors_kubernetes
  LINK synapse_test_support nlohmann_json::nlohmann_json)
