synapse_add_component(actors
  PATH actors
  SOURCES breaker.cpp permit_ledger.cpp lane.cpp backend.cpp resolver.cpp prober.cpp http_link.cpp
          model_manager.cpp model_profiles.cpp cluster_client.cpp runtime_controller.cpp
          health_aggregator.cpp health_watch.cpp terminal_feed.cpp router.cpp supervisor.cpp voice_library.cpp
  DEPENDS actors_protocol actors_runtime http_client actors_models actors_voices actors_feed
          actors_kubernetes)

synapse_add_test(actors
  SOURCES actors/breaker_test.cpp actors/permit_ledger_test.cpp actors/backend_test.cpp
          actors/health_aggregator_test.cpp actors/lane_test.cpp actors/model_profiles_test.cpp
          actors/model_manager_test.cpp actors/model_manager_away_test.cpp actors/model_desk_test.cpp
          actors/model_manager_hints_test.cpp actors/model_manager_refusals_test.cpp
          actors/runtime_controller_test.cpp actors/runtime_controller_refusals_test.cpp
          actors/router_test.cpp actors/supervisor_test.cpp actors/voice_library_test.cpp
  DEPENDS actors)
