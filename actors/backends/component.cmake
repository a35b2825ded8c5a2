# Who may use a backend, and how it does.
synapse_add_component(actors_backends
  PATH actors/backends
  SOURCES backend_place.cpp breaker.cpp cell_board.cpp permit_ledger.cpp lane.cpp backend.cpp resolver.cpp
          health/prober.cpp health/health_aggregator.cpp health/health_watch.cpp
  DEPENDS routing providers http_client actors_runtime actors_protocol telemetry)

synapse_add_test(backends_actors
  SOURCES actors/backends/backend_place_test.cpp actors/backends/breaker_test.cpp actors/backends/cell_board_test.cpp actors/backends/permit_ledger_test.cpp
          actors/backends/backend_test.cpp actors/backends/lane_test.cpp
          actors/backends/resolver_test.cpp
          actors/backends/health/health_aggregator_test.cpp
          actors/backends/health/health_watch_test.cpp actors/backends/health/prober_test.cpp
          support/waiting.cpp
  DEPENDS actors_backends)
