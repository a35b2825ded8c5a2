# The life of models, without actors and without a clock.
synapse_add_component(actors_models
  PATH actors/models
  SOURCES
    catalog.cpp
    schedule.cpp
    schedule_turns.cpp
  DEPENDS actors_protocol
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(models
  SOURCES
    actors/models/catalog_test.cpp
    actors/models/schedule_test.cpp
  DEPENDS actors_models)
