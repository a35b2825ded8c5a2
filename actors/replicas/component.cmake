synapse_add_component(actors_replicas
  PATH actors/replicas
  SOURCES cluster.cpp directory.cpp node_config.cpp
          gate/dialling.cpp gate/gate_talk.cpp gate/gatekeeper.cpp gate/knock.cpp gate/reception.cpp
          gate/scribes.cpp gate/visit.cpp
          link/channel.cpp link/door.cpp link/line_queue.cpp link/link.cpp link/note_book.cpp
          link/session_keys.cpp link/wire.cpp
  DEPENDS actors_protocol
  LINK CAF::io OpenSSL::SSL OpenSSL::Crypto)
