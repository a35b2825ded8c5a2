synapse_add_component(actors_protocol
  PATH actors/protocol
  SOURCES error.cpp
  DEPENDS config
  LINK CAF::core)
