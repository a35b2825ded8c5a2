synapse_add_component(actors_protocol
  PATH actors/protocol
  SOURCES error.cpp
  DEPENDS routing config
  LINK CAF::core)
