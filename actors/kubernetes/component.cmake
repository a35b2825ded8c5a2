synapse_add_component(actors_kubernetes
  PATH actors/kubernetes
  SOURCES cluster_access.cpp container_args.cpp deployment.cpp refusal.cpp text.cpp
  DEPENDS config
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(kubernetes
  SOURCES actors/kubernetes/cluster_access_test.cpp actors/kubernetes/container_args_test.cpp
          actors/kubernetes/deployment_test.cpp actors/kubernetes/refusal_test.cpp
  DEPENDS actors_kubernetes)
