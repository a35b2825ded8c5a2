synapse_add_component(actors_replicas
  PATH actors/replicas
  SOURCES cluster.cpp directory.cpp node_config.cpp
          gate/dialling.cpp gate/gate_talk.cpp gate/gatekeeper.cpp gate/knock.cpp gate/reception.cpp
          gate/scribes.cpp gate/visit.cpp
          link/channel.cpp link/door.cpp link/line_queue.cpp link/link.cpp link/note_book.cpp
          link/session_keys.cpp link/wire.cpp
  DEPENDS actors_protocol
  LINK CAF::io OpenSSL::SSL OpenSSL::Crypto)

# Replicas that find each other, lose each other and do not trust each other. What is shared with other
# tests is compiled here: the library of it would have the whole gateway built.
synapse_add_test(cluster
  SOURCES actors/replicas/link/channel_test.cpp actors/replicas/link/line_queue_test.cpp
          actors/replicas/link/note_book_test.cpp actors/replicas/link/session_keys_test.cpp
          actors/replicas/link/wire_test.cpp
          actors/replicas/gate/gate_talk_test.cpp actors/replicas/gate/gatekeeper_test.cpp
          actors/replicas/cluster_members_test.cpp actors/replicas/cluster_strangers_test.cpp
          actors/replicas/cluster_tls_test.cpp actors/replicas/cluster_processes_test.cpp
          actors/replicas/cluster_partition_test.cpp actors/replicas/child.cpp
          support/waiting.cpp support/certificates.cpp
  DEPENDS actors_replicas actors_runtime
  LINK OpenSSL::SSL)

if(SYNAPSE_BUILD_TESTS)
  # A replica as a process of its own.
  add_executable(cluster_node tests/actors/replicas/node.cpp tests/support/waiting.cpp)
  target_include_directories(cluster_node PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(cluster_node PRIVATE synapse_flags synapse::actors_replicas)
  if(TARGET synapse_pch)
    target_precompile_headers(cluster_node REUSE_FROM synapse_pch)
    target_link_libraries(cluster_node PRIVATE synapse_pch_usage)
  endif()
  add_dependencies(cluster_test cluster_node)
endif()
