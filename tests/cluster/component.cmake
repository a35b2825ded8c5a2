# tests/cluster: replicas that find each other, lose each other and do not trust each other. What is
# shared with other tests is compiled here: the library of it would have the whole gateway built.
synapse_add_test(cluster
  SOURCES cluster/line_queue_test.cpp cluster/session_keys_test.cpp cluster/gate_talk_test.cpp
          cluster/gatekeeper_test.cpp cluster/members_test.cpp
          cluster/strangers_test.cpp cluster/tls_test.cpp cluster/processes_test.cpp
          cluster/partition_test.cpp cluster/child.cpp
          support/waiting.cpp support/certificates.cpp
  DEPENDS actors_replicas
  LINK OpenSSL::SSL)

# A replica as a process of its own.
add_executable(cluster_node tests/cluster/node.cpp tests/support/waiting.cpp)
target_include_directories(cluster_node PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(cluster_node PRIVATE synapse_flags synapse::actors_replicas)
if(TARGET synapse_pch)
  target_precompile_headers(cluster_node REUSE_FROM synapse_pch)
  target_link_libraries(cluster_node PRIVATE synapse_pch_usage)
endif()
add_dependencies(cluster_test cluster_node)
