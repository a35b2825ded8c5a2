# Backends that share a graphics card: which of them is awake when, as plain state in turns/, and the
# actors over that.
synapse_add_component(actors_gpus
  PATH actors/gpus
  SOURCES
    card_words.cpp gpu_coordinator.cpp gpu_desk.cpp
    lead/card_lease.cpp lead/card_peers.cpp
    servers/vllm_client.cpp servers/vllm_words.cpp
    turns/gpu_schedule.cpp turns/gpu_schedule_answers.cpp turns/gpu_schedule_members.cpp
    turns/gpu_schedule_room.cpp turns/gpu_schedule_turns.cpp
  DEPENDS actors_protocol actors_runtime config routing
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(gpus
  SOURCES
    actors/gpus/card_words_test.cpp
    actors/gpus/gpu_coordinator_replicas_test.cpp
    actors/gpus/gpu_coordinator_test.cpp
    actors/gpus/gpu_desk_test.cpp
    actors/gpus/lead/card_lease_test.cpp
    actors/gpus/lead/card_peers_test.cpp
    actors/gpus/servers/vllm_client_test.cpp
    actors/gpus/servers/vllm_words_test.cpp
    actors/gpus/turns/gpu_schedule_random_test.cpp
    actors/gpus/turns/gpu_schedule_test.cpp
  DEPENDS actors_gpus)
