# Models that take turns: what is known of them and whose turn it is, as plain state in router/, turns/ and
# profiles/, and the actors over that.
synapse_add_component(actors_models
  PATH actors/models
  SOURCES
    context_change.cpp model_desk.cpp model_manager.cpp
    manager/model_askers.cpp manager/model_news.cpp manager/model_views.cpp
    manager/router_watch.cpp
    profiles/model_profiles.cpp profiles/profile_file.cpp profiles/profile_schema.cpp
    profiles/profile_store.cpp
    router/catalog.cpp router/list_notes.cpp router/router_client.cpp router/router_event.cpp
    router/router_words.cpp
    turns/schedule.cpp turns/schedule_models.cpp turns/schedule_turns.cpp turns/schedule_waits.cpp
  DEPENDS actors_protocol actors_runtime actors_storage config telemetry
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(models
  SOURCES
    actors/models/router/catalog_test.cpp
    actors/models/router/list_notes_test.cpp
    actors/models/profiles/profile_schema_test.cpp
    actors/models/profiles/profile_store_faults_test.cpp
    actors/models/profiles/profile_store_sharing_test.cpp
    actors/models/profiles/profile_store_test.cpp
    actors/models/router/list_rounds_test.cpp
    actors/models/router/router_client_test.cpp
    actors/models/router/router_event_test.cpp
    actors/models/router/router_words_test.cpp
    actors/models/context_change_test.cpp
    actors/models/turns/schedule_away_test.cpp
    actors/models/turns/schedule_commands_test.cpp
    actors/models/turns/schedule_hand_test.cpp
    actors/models/turns/schedule_random_test.cpp
    actors/models/turns/schedule_router_test.cpp
    actors/models/turns/schedule_test.cpp
    actors/models/turns/schedule_waiting_test.cpp
    actors/models/model_desk_test.cpp
    actors/models/model_manager_away_test.cpp
    actors/models/model_manager_hints_test.cpp
    actors/models/model_manager_refusals_test.cpp
    actors/models/model_manager_test.cpp
    actors/models/profiles/model_profiles_test.cpp
  DEPENDS actors_models)
