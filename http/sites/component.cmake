# A thread's view of the configuration: the backends as it sees them.
synapse_add_component(http_sites
  PATH http/sites
  SOURCES deployment_state.cpp shut_counting.cpp thread_routes.cpp thread_standing.cpp
  DEPENDS routing http_client actors_backends actors_models actors_gpus actors_runtime actors_protocol telemetry)

synapse_add_test(http_sites
  SOURCES http/sites/thread_routes_test.cpp http/sites/thread_standing_test.cpp
  DEPENDS http_sites)
