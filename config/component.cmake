# Settings and where they come from: file, environment, reload. No logging, no threads, no network.
synapse_add_component(config NO_PCH PATH config
  SOURCES
    backend_types.cpp
    catalog_settings.cpp
    catalog/catalog_defaults.cpp
    catalog/catalog_fields.cpp
    catalog/catalog_limits.cpp
    catalog/catalog_reader.cpp
    catalog/deployment_reader.cpp
    catalog/expansion.cpp
    catalog/json_text.cpp
    text/config_error.cpp
    defaults/derived_routes.cpp
    print/describe_catalog.cpp
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
    print/known_keys.cpp
    print/render.cpp
    print/render_catalog.cpp
    print/yaml_writer.cpp
    defaults/route_defaults.cpp
    rules/catalog_rules.cpp
    rules/fallback_rules.cpp
    rules/field_rules.cpp
    rules/gpu_rules.cpp
    rules/name_index.cpp
    schema.cpp
    text/section_reader.cpp
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
