# HTTP building blocks without I/O: heads, chunks, server-sent events, forms, bodies of our own.
synapse_add_component(http_core NO_PCH PATH http/core
  SOURCES
    head/field.cpp head/head_error.cpp head/head_fields.cpp head/head_parser.cpp head/head_target.cpp head/head_writer.cpp head/location.cpp head/status.cpp
    request/client_address.cpp request/credentials.cpp request/host_name.cpp request/path_form.cpp request/request_id.cpp request/request_origin.cpp
    body/chunked.cpp body/media_signature.cpp body/multipart.cpp body/multipart_headers.cpp body/multipart_writer.cpp body/sse.cpp body/wav_header.cpp
    json/json_body.cpp json/json_string.cpp json/json_text.cpp
    local_reply.cpp response_detail.cpp
  DEPENDS config
  LINK simdjson::simdjson nlohmann_json::nlohmann_json Boost::headers OpenSSL::Crypto)
