# A request's way to a backend and back: attempts, relays, and what the client is told.
synapse_add_component(http_proxy
  PATH http/proxy
  SOURCES forwarder.cpp call.cpp failure.cpp retry_policy.cpp
          upstream/permit_slot.cpp upstream/request_body.cpp upstream/upstream_request.cpp
          downstream/downstream_writer.cpp downstream/error_answer.cpp
          relay/relay.cpp relay/raw.cpp relay/judged.cpp relay/event_stream.cpp relay/collect.cpp
          relay/translated.cpp relay/completion_chunk.cpp
  DEPENDS http_server http_sites http_client actors_runtime actors_protocol http_dialects http_core telemetry
  LINK nlohmann_json::nlohmann_json spdlog::spdlog)

# The rig has a whole connection: exchange, session and filters of http/server are tested with it, too.
synapse_add_test(http_proxy
  SOURCES http/proxy/proxy_rig.cpp http/server/exchange/exchange_test.cpp
          http/server/exchange/session_test.cpp http/server/filters/filters_test.cpp
          http/proxy/failure_test.cpp http/proxy/retry_policy_test.cpp http/proxy/forwarder_test.cpp
          http/proxy/deciding_targets_test.cpp
          http/proxy/upstream/permit_slot_test.cpp
          http/proxy/upstream/request_body_test.cpp http/proxy/upstream/upstream_request_test.cpp
          http/proxy/downstream/downstream_writer_test.cpp
          http/proxy/relay/collect_test.cpp http/proxy/relay/completion_chunk_test.cpp
          http/proxy/relay/event_stream_test.cpp http/proxy/relay/judged_test.cpp
          http/proxy/relay/raw_test.cpp http/proxy/relay/translated_test.cpp
          upstream_faults/recording.cpp
  DEPENDS http_proxy)
