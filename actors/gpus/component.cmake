# Backends that share a graphics card: which of them is awake when, as plain state in turns/, and the
# actors over that.
synapse_add_component(actors_gpus
  PATH actors/gpus
  SOURCES
    turns/gpu_schedule.cpp turns/gpu_schedule_answers.cpp turns/gpu_schedule_members.cpp
    turns/gpu_schedule_room.cpp turns/gpu_schedule_turns.cpp
  DEPENDS actors_protocol actors_runtime config routing
  LINK nlohmann_json::nlohmann_json)

synapse_add_test(gpus
  SOURCES
    actors/gpus/turns/gpu_schedule_random_test.cpp
    actors/gpus/turns/gpu_schedule_test.cpp
  DEPENDS actors_gpus)
