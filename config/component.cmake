# Settings and where they come from: file, environment, reload. No logging, no threads, no network.
synapse_add_component(config NO_PCH PATH config
  SOURCES
    backend_types.cpp
    config_error.cpp
    derived_routes.cpp
    describe.cpp
    document_reader.cpp
    environment.cpp
    file_text.cpp
    loader.cpp
    model_defaults.cpp
    near_names.cpp
    networks.cpp
    origins.cpp
    redis_url.cpp
    render.cpp
    route_defaults.cpp
    schema.cpp
    validator.cpp
    values.cpp
    watcher.cpp
    yaml_mistakes.cpp
    yaml_tree.cpp
  LINK yaml-cpp)

synapse_add_test(config NO_PCH
  SOURCES
    config/backend_types_test.cpp
    config/derived_routes_test.cpp
    config/describe_test.cpp
    config/docs_test.cpp
    config/environment_test.cpp
    config/loader_errors_test.cpp
    config/loader_test.cpp
    config/near_names_test.cpp
    config/networks_test.cpp
    config/origins_test.cpp
    config/redis_url_test.cpp
    config/render_test.cpp
    config/sample_files_test.cpp
    config/validator_test.cpp
    config/values_test.cpp
    config/watcher_test.cpp
    config/yaml_tree_test.cpp
  DEPENDS config)
