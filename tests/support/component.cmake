# tests/support: a gateway process, a scripted backend, a Kubernetes API and a raw client for tests on
# real sockets. A test that uses them names synapse_test_support under LINK.
find_package(OpenSSL REQUIRED)
set(sources certificates.cpp fake_kubernetes.cpp gateway_process.cpp raw_client.cpp
  scripted_upstream.cpp sockets.cpp waiting.cpp)
list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/)
synapse_define_paths(${sources})
synapse_unify(synapse_test_support sources ${sources})
add_library(synapse_test_support STATIC ${sources})
synapse_compile_as_test(synapse_test_support)
target_include_directories(synapse_test_support PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(synapse_test_support PRIVATE synapse_flags
  PUBLIC GTest::gtest nlohmann_json::nlohmann_json OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
add_dependencies(synapse_test_support synapse)
