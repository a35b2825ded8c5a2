# The list of routes, and the document that is made of it.
synapse_add_component(http_openapi
  PATH http/openapi
  SOURCES api_routes.cpp document.cpp audio_schemas.cpp model_schemas.cpp dashboard_schemas.cpp catalog_schemas.cpp dialect_schemas.cpp
  DEPENDS http_dashboard http_api http_server telemetry
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(http_openapi
  SOURCES http/openapi/document_test.cpp
  DEPENDS http_openapi
  LINK synapse_test_support)
