# Settings and where they come from: file, environment, reload. No logging, no threads, no network.
synapse_add_component(config NO_PCH PATH config
  SOURCES
    backend_types.cpp
    catalog_settings.cpp
    text/config_error.cpp
    defaults/derived_routes.cpp
    print/describe.cpp
    text/document_reader.cpp
    environment.cpp
    text/file_text.cpp
    loader.cpp
    defaults/model_defaults.cpp
    text/near_names.cpp
    values/networks.cpp
    values/origins.cpp
    values/redis_url.cpp
    print/render.cpp
    defaults/route_defaults.cpp
    schema.cpp
    validator.cpp
    values/values.cpp
    watcher.cpp
    text/yaml_mistakes.cpp
    text/yaml_tree.cpp
  LINK yaml-cpp)

synapse_add_test(config NO_PCH
  SOURCES
    config/backend_types_test.cpp
    config/defaults/derived_routes_test.cpp
    config/print/describe_test.cpp
    config/docs_test.cpp
    config/environment_test.cpp
    config/loader_errors_test.cpp
    config/loader_test.cpp
    config/text/near_names_test.cpp
    config/values/networks_test.cpp
    config/values/origins_test.cpp
    config/values/redis_url_test.cpp
    config/print/render_test.cpp
    config/sample_files_test.cpp
    config/validator_test.cpp
    config/values/values_test.cpp
    config/watcher_test.cpp
    config/text/yaml_tree_test.cpp
  DEPENDS config)
