# HTTP building blocks without I/O: heads, chunks, server-sent events, forms, bodies of our own.
synapse_add_component(http_core NO_PCH PATH http/core
  SOURCES
    answer_form.cpp chat_edit.cpp chat_fill.cpp chat_scan.cpp chat_stream.cpp chunked.cpp client_address.cpp
    credentials.cpp event_relay.cpp field.cpp head_error.cpp head_fields.cpp head_parser.cpp head_target.cpp
    head_writer.cpp host_name.cpp json_body.cpp json_string.cpp json_text.cpp languages.cpp local_reply.cpp location.cpp
    media_signature.cpp multipart.cpp multipart_headers.cpp multipart_writer.cpp path_form.cpp request_id.cpp
    request_origin.cpp response_detail.cpp sse.cpp status.cpp
    usage_tail.cpp wav_header.cpp
  DEPENDS config
  LINK simdjson::simdjson nlohmann_json::nlohmann_json Boost::headers OpenSSL::Crypto)

synapse_add_test(http_core NO_PCH
  SOURCES
    fuzz/chat_edit_fuzz.cpp fuzz/chunked_body_fuzz.cpp fuzz/event_stream_fuzz.cpp fuzz/json_body_fuzz.cpp
    fuzz/multipart_fuzz.cpp fuzz/path_form_fuzz.cpp fuzz/request_head_fuzz.cpp fuzz/response_head_fuzz.cpp
    fuzz/wav_header_fuzz.cpp
    http/core/allocation_test.cpp
    http/core/answer_form_test.cpp
    http/core/chat_edit_test.cpp
    http/core/chat_fill_test.cpp
    http/core/chat_stream_test.cpp
    http/core/chunked_test.cpp
    http/core/client_address_test.cpp
    http/core/credentials_test.cpp
    http/core/event_relay_test.cpp
    http/core/fuzz_test.cpp
    http/core/head_differential_test.cpp
    http/core/head_parser_test.cpp
    http/core/head_writer_test.cpp
    http/core/json_body_test.cpp
    http/core/local_reply_test.cpp
    http/core/location_test.cpp
    http/core/media_signature_test.cpp
    http/core/multipart_clients_test.cpp
    http/core/multipart_headers_test.cpp
    http/core/multipart_test.cpp
    http/core/multipart_writer_test.cpp
    http/core/path_form_test.cpp
    http/core/replay_test.cpp
    http/core/request_id_test.cpp
    http/core/request_origin_test.cpp
    http/core/sse_test.cpp
    http/core/usage_tail_test.cpp
    http/core/wav_ffmpeg_test.cpp
    http/core/wav_header_test.cpp
    upstream_faults/recording.cpp # streams to be cut
  DEPENDS http_core
  LINK synapse_asio nlohmann_json::nlohmann_json) # Beast, to compare with
