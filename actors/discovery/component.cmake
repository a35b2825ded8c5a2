# Who asks backends what models they have, and tells those that pick.
synapse_add_component(actors_discovery
  PATH actors/discovery
  SOURCES model_scout.cpp record_writer.cpp scout_agenda.cpp
  DEPENDS actors_backends providers routing http_client actors_runtime actors_protocol)

synapse_add_test(actors_discovery
  SOURCES actors/discovery/model_scout_test.cpp actors/discovery/record_writer_test.cpp
          actors/discovery/scout_agenda_test.cpp support/waiting.cpp
  DEPENDS actors_discovery)
