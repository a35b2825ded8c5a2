# tests/upstream_faults: the whole gateway against backends that fail and clients that leave.
synapse_add_test(upstream_faults
  SOURCES upstream_faults/fault_bed.cpp upstream_faults/recording.cpp
    upstream_faults/broken_streams.cpp
    upstream_faults/connect_test.cpp upstream_faults/breaker_test.cpp
    upstream_faults/answer_faults_test.cpp upstream_faults/pass_through_test.cpp
    upstream_faults/stream_test.cpp upstream_faults/stream_faults_test.cpp
    upstream_faults/stream_errors_test.cpp
    upstream_faults/stream_timers_test.cpp upstream_faults/torn_stream_test.cpp
    upstream_faults/concurrency_test.cpp upstream_faults/cancel_test.cpp
    upstream_faults/random_abort_test.cpp upstream_faults/replay_test.cpp
    upstream_faults/false_success_test.cpp upstream_faults/half_close_test.cpp
    upstream_faults/early_head_test.cpp
  LINK synapse_test_support nlohmann_json::nlohmann_json
  NO_PCH)
