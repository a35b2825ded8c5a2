configure_file(app/version.hpp.in ${CMAKE_BINARY_DIR}/generated/app/version.hpp @ONLY)
synapse_add_component(app
  PATH app
  SOURCES application.cpp cluster_setup.cpp drain.cpp options.cpp tls_contexts.cpp
          boot/backend_events.cpp boot/connection_budget.cpp boot/control_plane.cpp boot/engine.cpp
          boot/entrance.cpp boot/instruments.cpp boot/surface.cpp
          observation/catalog_metrics.cpp observation/dashboard_setup.cpp observation/observation.cpp observation/replica_notes.cpp
          process/descriptors.cpp process/probe.cpp process/service_manager.cpp
          reload/configuration.cpp reload/configuration_watch.cpp reload/listener_certificate.cpp
  DEPENDS config telemetry actors_feed actors_feed_redis actors_replicas actors_runtime actors_protocol
          actors_backends actors_models actors_voices actors_kubernetes actors_supervision http_sites http_openapi http_dashboard http_api http_server http_client)
target_include_directories(synapse_app PUBLIC ${CMAKE_BINARY_DIR}/generated)
add_executable(synapse app/main.cpp)
target_link_libraries(synapse PRIVATE synapse_flags synapse::app)
# The program finds the dashboard in share/ beside its folder, whatever the prefix. scripts/package.sh
# builds it; without it the gateway runs, too.
install(TARGETS synapse RUNTIME DESTINATION bin COMPONENT gateway)
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/synapse/dashboard DESTINATION share/synapse
  COMPONENT gateway OPTIONAL PATTERN .stamp EXCLUDE)

synapse_add_test(app
  SOURCES app/process/descriptors_test.cpp app/options_test.cpp app/tls_contexts_test.cpp app/cluster_setup_test.cpp
          app/process/probe_test.cpp app/process/service_manager_test.cpp
  DEPENDS app
  LINK synapse_test_support)
