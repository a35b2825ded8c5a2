# tests/support: a gateway process, a scripted backend, a Kubernetes API and a raw client for tests on
# real sockets. A test that uses them names synapse_test_support under LINK.
find_package(OpenSSL REQUIRED)
add_library(synapse_test_support STATIC
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/certificates.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/fake_kubernetes.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/gateway_process.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/raw_client.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/scripted_upstream.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/sockets.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/waiting.cpp)
target_include_directories(synapse_test_support PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
synapse_define_paths(${CMAKE_CURRENT_SOURCE_DIR}/tests/support/gateway_process.cpp)
target_link_libraries(synapse_test_support PRIVATE synapse_flags
  PUBLIC GTest::gtest nlohmann_json::nlohmann_json OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
add_dependencies(synapse_test_support synapse)
