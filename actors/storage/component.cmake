# Durable files, and a place where tests make them fail.
synapse_add_component(actors_storage
  PATH actors/storage
  SOURCES durable_file.cpp file_ops.cpp file_ops_shared.cpp folder.cpp lock.cpp)
