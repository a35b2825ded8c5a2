synapse_add_component(actors_runtime
  PATH actors/runtime
  SOURCES pinned.cpp
  DEPENDS net
  LINK CAF::core)

synapse_add_test(actors_runtime
  SOURCES actors/runtime/pinned_test.cpp actors/protocol/error_test.cpp
  DEPENDS actors_runtime actors_protocol)
