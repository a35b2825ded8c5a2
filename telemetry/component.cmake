synapse_add_component(telemetry
  PATH telemetry
  NO_PCH
  SOURCES
    access_log.cpp
    access_log_output.cpp
    exposition.cpp
    gateway_metrics.cpp
    health_history.cpp
    latency_sketch.cpp
    log_redactor.cpp
    log_writer.cpp
    logging.cpp
    metric_families.cpp
    metric_registry.cpp
    process_metrics.cpp
    secret_scanner.cpp
    secret_value.cpp
    text_escape.cpp
    timestamp.cpp
    traffic_history.cpp
  DEPENDS config
  LINK spdlog::spdlog)

synapse_add_test(telemetry
  NO_PCH
  SOURCES
    telemetry/access_log_test.cpp
    telemetry/gateway_metrics_test.cpp
    telemetry/latency_sketch_test.cpp
    telemetry/log_redactor_test.cpp
    telemetry/logging_test.cpp
    telemetry/metric_registry_test.cpp
    telemetry/request_ring_test.cpp
    telemetry/text_escape_test.cpp
    telemetry/traffic_history_test.cpp
  DEPENDS telemetry)
