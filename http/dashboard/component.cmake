# The dashboard: who may see it, its pages, what they ask, the terminal feed.
synapse_add_component(http_dashboard
  PATH http/dashboard
  SOURCES gate/gate.cpp gate/failure_ledger.cpp front_end.cpp gate/login_pages.cpp pages_handler.cpp answer_parts.cpp
          api_handler.cpp backends_handler.cpp backend_test_handler.cpp requests_handler.cpp
          request_filter.cpp config_handler.cpp catalog/catalog_view.cpp catalog/catalog_handler.cpp catalog/trace_view.cpp terminal_handler.cpp
  DEPENDS routing http_api http_proxy http_server http_sites http_client actors_feed actors_runtime actors_protocol http_core telemetry
  LINK nlohmann_json::nlohmann_json OpenSSL::Crypto)

synapse_add_test(http_dashboard
  SOURCES http/dashboard/gate/gate_test.cpp http/dashboard/gate/failure_ledger_test.cpp
          http/dashboard/gate/login_pages_test.cpp http/dashboard/catalog/trace_view_test.cpp http/dashboard/request_filter_test.cpp
  DEPENDS http_dashboard
  LINK synapse_test_support)
