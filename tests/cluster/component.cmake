# tests/cluster: replicas that find each other, lose each other and do not trust each other. What is
# shared with other tests is compiled here: the library of it would have the whole gateway built.
synapse_add_test(cluster
  SOURCES cluster/line_queue_test.cpp cluster/session_keys_test.cpp cluster/members_test.cpp
          support/waiting.cpp
  DEPENDS actors_cluster)
