synapse_add_component(actors_cluster
  PATH actors/cluster
  SOURCES wire.cpp session_keys.cpp gate_talk.cpp channel.cpp visit.cpp gatekeeper.cpp scribes.cpp knock.cpp dialling.cpp line_queue.cpp note_book.cpp reception.cpp door.cpp
          link.cpp directory.cpp node_config.cpp cluster.cpp
  DEPENDS actors_protocol
  LINK CAF::io OpenSSL::SSL OpenSSL::Crypto)
