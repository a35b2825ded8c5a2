# What the gateway knows about models, as plain state: no actors, no clock.
synapse_add_component(actors_models
  PATH actors/models
  SOURCES
    catalog.cpp
    list_notes.cpp
    model_choice.cpp
    profile_file.cpp
    profile_schema.cpp
    profile_store.cpp
    router_words.cpp
    schedule.cpp
    schedule_models.cpp
    schedule_turns.cpp
    schedule_waits.cpp
  DEPENDS actors_protocol actors_storage config telemetry
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(models
  SOURCES
    actors/models/catalog_test.cpp
    actors/models/list_notes_test.cpp
    actors/models/model_choice_test.cpp
    actors/models/profile_schema_test.cpp
    actors/models/profile_store_faults_test.cpp
    actors/models/profile_store_sharing_test.cpp
    actors/models/profile_store_test.cpp
    actors/models/router_words_test.cpp
    actors/models/schedule_away_test.cpp
    actors/models/schedule_commands_test.cpp
    actors/models/schedule_hand_test.cpp
    actors/models/schedule_random_test.cpp
    actors/models/schedule_router_test.cpp
    actors/models/schedule_test.cpp
    actors/models/schedule_waiting_test.cpp
  DEPENDS actors_models)
