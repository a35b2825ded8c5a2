# Durable files, and a place where tests make them fail.
synapse_add_component(actors_storage
  PATH actors/storage
  SOURCES durable_file.cpp file_ops.cpp file_ops_shared.cpp folder.cpp lock.cpp)

synapse_add_test(storage
  SOURCES actors/storage/durable_file_test.cpp actors/storage/file_ops_test.cpp
          actors/storage/file_ops_shared_test.cpp actors/storage/folder_test.cpp
          actors/storage/lock_test.cpp
  DEPENDS actors_storage)
