# Tools that measure: they share no code with the gateway, except for the micro-benchmarks and the
# simulation of models that take turns, which are about parts of it.
synapse_add_component(bench
  PATH bench
  SOURCES histogram.cpp http_scan.cpp sse_scan.cpp options.cpp sockets.cpp response_reader.cpp
    load_result.cpp closed_loop.cpp stream_load.cpp upload_load.cpp audio_frames.cpp form_sink.cpp
    stub_answers.cpp stub_routes.cpp stub_server.cpp
  LINK Threads::Threads
  NO_PCH)

foreach(_program stub load)
  add_executable(synapse-bench-${_program} ${CMAKE_CURRENT_SOURCE_DIR}/bench/${_program}.cpp)
  target_link_libraries(synapse-bench-${_program} PRIVATE synapse_flags synapse::bench)
endforeach()

add_executable(synapse-model-turns ${CMAKE_CURRENT_SOURCE_DIR}/bench/models/turns.cpp)
target_include_directories(synapse-model-turns PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(synapse-model-turns PRIVATE synapse_flags synapse::actors_models)

# Micro-benchmarks: one file per subject.
find_package(benchmark QUIET)
if(benchmark_FOUND)
  add_executable(synapse-microbench bench/micro/http_core_bench.cpp bench/micro/telemetry_bench.cpp
    bench/micro/permit_bench.cpp bench/micro/pick_bench.cpp)
  target_link_libraries(synapse-microbench PRIVATE synapse_flags synapse::routing synapse::http_core
    synapse::telemetry synapse::actors_feed synapse::actors_supervision synapse::http_dialects synapse::http_server benchmark::benchmark_main)
else()
  message(STATUS "Google Benchmark not found: synapse-microbench is left out")
endif()

synapse_add_test(bench_tools
  SOURCES bench/histogram_test.cpp bench/sse_scan_test.cpp bench/http_scan_test.cpp
    bench/audio_frames_test.cpp bench/form_sink_test.cpp bench/loopback_test.cpp
    bench/upload_load_test.cpp
  DEPENDS bench
  NO_PCH)

if(SYNAPSE_BUILD_TESTS)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(Python3_FOUND)
    add_test(NAME bench_runner_smoke
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/bench/run.py
        --build-dir ${CMAKE_BINARY_DIR} --peers direct --smoke)
    set_tests_properties(bench_runner_smoke PROPERTIES TIMEOUT 60)
    add_test(NAME bench_runner_rules
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tests/bench/runner_test.py)
    set_tests_properties(bench_runner_rules PROPERTIES TIMEOUT 120
      ENVIRONMENT BUILD_DIR=${CMAKE_BINARY_DIR})
  endif()
endif()
