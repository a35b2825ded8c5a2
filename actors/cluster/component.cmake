synapse_add_component(actors_cluster
  PATH actors/cluster
  SOURCES wire.cpp session_keys.cpp knock.cpp tls_middleman.cpp dialling.cpp line_queue.cpp note_book.cpp reception.cpp door.cpp
          link.cpp directory.cpp node_config.cpp cluster.cpp
  DEPENDS actors_protocol
  LINK CAF::io CAF::openssl OpenSSL::Crypto)
