# What a dialect's requests, answers and streams mean, without I/O; a folder for each.
synapse_add_component(http_dialects NO_PCH PATH http/dialects
  SOURCES
    answer_translator.cpp audio_answer.cpp base64.cpp chained_answer.cpp events_answer.cpp form_fields.cpp json_answer.cpp
    json_writer.cpp request_draft.cpp segment_joiner.cpp sse_answer.cpp
    anthropic/answer_words.cpp anthropic/completion_answer.cpp anthropic/completion_events.cpp
    anthropic/draft.cpp anthropic/errors.cpp anthropic/from_chat.cpp anthropic/from_chat_messages.cpp
    anthropic/message_answer.cpp anthropic/message_events.cpp anthropic/to_chat.cpp
    anthropic/same_answer.cpp anthropic/to_chat_messages.cpp
    chatterbox/answer.cpp chatterbox/languages.cpp chatterbox/request.cpp chatterbox/to_openai.cpp
    deepfilter/answer.cpp deepfilter/request.cpp
    ollama/answer_parts.cpp ollama/draft.cpp ollama/embedding_answer.cpp ollama/messages.cpp
    ollama/options.cpp ollama/request.cpp ollama/stream_answer.cpp ollama/whole_answer.cpp
    ollama/client/answer_lines.cpp ollama/client/call_buffer.cpp ollama/client/embedding_answer.cpp
    ollama/client/lists.cpp ollama/client/messages.cpp ollama/client/options.cpp
    ollama/client/request.cpp ollama/client/same_answer.cpp ollama/client/stream_answer.cpp ollama/client/whole_answer.cpp
    openai/answer_form.cpp openai/chat_chunk.cpp openai/chat_edit.cpp openai/chat_events_answer.cpp openai/chat_fill.cpp openai/chat_scan.cpp
    openai/chat_stream.cpp openai/event_relay.cpp openai/json_values.cpp openai/usage_tail.cpp openai/request_facts.cpp openai/model_name.cpp
    openai/known_fields.cpp
    openai/responses/content.cpp openai/responses/input.cpp openai/responses/output.cpp openai/responses/request.cpp
    openai/responses/settings.cpp openai/responses/stream_answer.cpp openai/responses/whole_answer.cpp
    openai/audio/passed_answer.cpp openai/audio/pcm_answer.cpp openai/audio/speech_events.cpp
    openai/audio/transcription.cpp
    piper/pcm_at_24khz.cpp piper/request.cpp piper/resampler.cpp piper/to_openai.cpp piper/voices.cpp
    pyannote/speakers.cpp
    speaches/lists.cpp speaches/request.cpp speaches/to_openai.cpp speaches/trouble.cpp
    whisper_cpp/answer.cpp whisper_cpp/request.cpp whisper_cpp/to_openai.cpp whisper_cpp/words.cpp
    whisper_stt/answer.cpp whisper_stt/languages.cpp whisper_stt/request.cpp whisper_stt/to_openai.cpp
  DEPENDS http_core
  LINK simdjson::simdjson nlohmann_json::nlohmann_json OpenSSL::Crypto)

# Of http/core as well: they share samples and fuzzing.
synapse_add_test(http_core NO_PCH
  SOURCES
    fuzz/anthropic_fuzz.cpp fuzz/chat_edit_fuzz.cpp fuzz/chunked_body_fuzz.cpp fuzz/event_stream_fuzz.cpp
    fuzz/json_body_fuzz.cpp
    fuzz/multipart_fuzz.cpp fuzz/path_form_fuzz.cpp fuzz/request_head_fuzz.cpp fuzz/response_head_fuzz.cpp
    fuzz/wav_header_fuzz.cpp
    http/core/allocation_test.cpp
    http/dialects/openai/answer_form_test.cpp
    http/dialects/openai/chat_edit_test.cpp
    http/dialects/openai/chat_fill_test.cpp
    http/dialects/openai/chat_stream_test.cpp
    http/core/body/chunked_test.cpp
    http/core/request/client_address_test.cpp
    http/core/request/credentials_test.cpp
    http/dialects/openai/event_relay_test.cpp
    http/core/fuzz_test.cpp
    http/core/head/field_test.cpp
    http/core/head/head_error_test.cpp
    http/core/head/head_parser_differential_test.cpp
    http/core/head/head_parser_test.cpp
    http/core/head/head_target_test.cpp
    http/core/head/head_writer_test.cpp
    http/core/head/status_test.cpp
    http/core/json/json_body_test.cpp
    http/core/json/json_string_test.cpp
    http/core/json/json_text_test.cpp
    http/core/local_reply_test.cpp
    http/core/head/location_test.cpp
    http/core/body/media_signature_test.cpp
    http/core/body/multipart_clients_test.cpp
    http/core/body/multipart_headers_test.cpp
    http/core/body/multipart_test.cpp
    http/core/body/multipart_writer_test.cpp
    http/core/request/host_name_test.cpp
    http/core/request/path_form_test.cpp
    http/core/replay_test.cpp
    http/core/request/request_id_test.cpp
    http/core/request/request_origin_test.cpp
    http/core/response_detail_test.cpp
    http/core/body/sse_test.cpp
    http/dialects/openai/request_facts_test.cpp
    http/dialects/openai/usage_tail_test.cpp
    http/core/body/wav_header_ffmpeg_test.cpp
    http/core/body/wav_header_test.cpp
    upstream_faults/recording.cpp # streams to be cut
  DEPENDS http_dialects
  LINK synapse_asio nlohmann_json::nlohmann_json) # Beast, to compare with

synapse_add_test(http_dialects NO_PCH
  SOURCES
    http/dialects/audio_answer_test.cpp http/dialects/base64_test.cpp
    http/dialects/form_fields_test.cpp http/dialects/json_writer_test.cpp
    http/dialects/languages_test.cpp http/dialects/segment_joiner_test.cpp
    http/dialects/anthropic/answer_words_test.cpp http/dialects/anthropic/completion_answer_test.cpp
    http/dialects/anthropic/completion_events_test.cpp http/dialects/anthropic/draft_test.cpp
    http/dialects/anthropic/errors_test.cpp http/dialects/anthropic/from_chat_messages_test.cpp
    http/dialects/anthropic/from_chat_test.cpp http/dialects/anthropic/message_answer_test.cpp
    http/dialects/anthropic/message_events_test.cpp http/dialects/anthropic/to_chat_messages_test.cpp
    http/dialects/anthropic/same_answer_test.cpp http/dialects/anthropic/to_chat_test.cpp
    http/dialects/chatterbox/answer_test.cpp http/dialects/chatterbox/request_test.cpp
    http/dialects/deepfilter/request_test.cpp
    http/dialects/ollama/answer_parts_test.cpp http/dialects/ollama/draft_test.cpp
    http/dialects/ollama/embedding_answer_test.cpp http/dialects/ollama/messages_test.cpp
    http/dialects/ollama/options_test.cpp http/dialects/ollama/request_test.cpp
    http/dialects/ollama/stream_answer_faults_test.cpp http/dialects/ollama/stream_answer_test.cpp
    http/dialects/ollama/whole_answer_test.cpp
    http/dialects/ollama/client/answer_lines_test.cpp
    http/dialects/ollama/client/call_buffer_test.cpp
    http/dialects/ollama/client/embedding_answer_test.cpp
    http/dialects/ollama/client/lists_test.cpp http/dialects/ollama/client/messages_test.cpp
    http/dialects/ollama/client/options_test.cpp http/dialects/ollama/client/request_test.cpp
    http/dialects/ollama/client/round_trip_test.cpp http/dialects/ollama/client/same_answer_test.cpp http/dialects/ollama/client/stream_answer_test.cpp
    http/dialects/ollama/client/whole_answer_test.cpp
    http/dialects/openai/chat_chunk_test.cpp http/dialects/openai/chat_events_answer_test.cpp
    http/dialects/openai/json_values_test.cpp http/dialects/openai/model_name_test.cpp http/dialects/openai/audio/passed_answer_test.cpp
    http/dialects/openai/known_fields_test.cpp
    http/dialects/openai/audio/speech_test.cpp http/dialects/openai/audio/transcription_test.cpp
    http/dialects/openai/responses/content_test.cpp
    http/dialects/openai/responses/input_test.cpp http/dialects/openai/responses/output_test.cpp
    http/dialects/openai/responses/request_test.cpp
    http/dialects/openai/responses/settings_test.cpp
    http/dialects/openai/responses/stream_answer_test.cpp
    http/dialects/openai/responses/stream_answer_faults_test.cpp
    http/dialects/openai/responses/whole_answer_test.cpp
    http/dialects/piper/pcm_at_24khz_test.cpp http/dialects/piper/request_test.cpp
    http/dialects/piper/resampler_test.cpp http/dialects/piper/to_openai_test.cpp
    http/dialects/piper/voices_test.cpp
    http/dialects/pyannote/speakers_test.cpp
    http/dialects/speaches/lists_test.cpp http/dialects/speaches/request_test.cpp
    http/dialects/speaches/to_openai_test.cpp http/dialects/speaches/trouble_test.cpp
    http/dialects/whisper_cpp/answer_test.cpp http/dialects/whisper_cpp/request_test.cpp
    http/dialects/whisper_cpp/to_openai_test.cpp http/dialects/whisper_cpp/words_test.cpp
    http/dialects/whisper_stt/answer_test.cpp http/dialects/whisper_stt/to_openai_test.cpp
  DEPENDS http_dialects)
