# The local backends: a library for tests in one process, and the program.
synapse_add_component(backends PATH backends
  SOURCES
    backend_host.cpp
    option_table.cpp
    options.cpp
    speech_option_table.cpp
    standin_option_table.cpp
    audio/deep_filter_net.cpp
    audio/deepfilter_audio.cpp
    audio/denoise.cpp
    dsp/fft.cpp
    dsp/mfcc.cpp
    dsp/pitch.cpp
    engine/media.cpp
    engine/private_folder.cpp
    engine/programs.cpp
    engine/stop_signal.cpp
    engine/subprocess.cpp
    engine/turnstile.cpp
    engine/wav.cpp
    faults/faults.cpp
    llama/answer_formats.cpp
    llama/api.cpp
    llama/chat_request.cpp
    llama/generation.cpp
    llama/llama_embed.cpp
    llama/llama_router.cpp
    llama/llama_service.cpp
    llama/metrics_text.cpp
    llama/model_pool.cpp
    llama/model_pool_view.cpp
    llama/model_process.cpp
    llama/router_generation.cpp
    llama/schema_sample.cpp
    llama/tokens_api.cpp
    ollama/host_check.cpp
    ollama/ollama.cpp
    ollama/ollama_form.cpp
    ollama/ollama_request.cpp
    ollama/ollama_routes.cpp
    ollama/scheduler.cpp
    piper/piper.cpp
    recognition/recognizer.cpp
    recognition/whisper_stt.cpp
    server/connection.cpp
    server/control.cpp
    server/exchange.cpp
    server/exchange_wire.cpp
    server/http_server.cpp
    server/misbehavior.cpp
    server/request.cpp
    speaches/speaches.cpp
    speaches/speaches_hearing.cpp
    speaches/subtitles.cpp
    speakers/clustering.cpp
    speakers/diarizer.cpp
    speakers/pyannote_speaker.cpp
    speakers/speaker_sounds.cpp
    speakers/voice_print.cpp
    speech/chatterbox_state.cpp
    speech/chatterbox_tts.cpp
    speech/reference_store.cpp
    speech/synthesizer.cpp
    speech/upload_check.cpp
    speech/voices.cpp
    standin/embeddings.cpp
    standin/openai_form.cpp
    standin/standin_service.cpp
    standin/telling.cpp
    standin/word_source.cpp
    text/docs_index.cpp
    text/embedding_model.cpp
    text/markdown.cpp
    text/text_models.cpp
    text/tokenizer.cpp
    text/words.cpp
    vllm/engine.cpp
    vllm/vllm.cpp
    vllm/vllm_routes.cpp
    web/fastapi_service.cpp
    web/form.cpp
    web/validation.cpp
  DEPENDS http_core
  LINK synapse_asio nlohmann_json::nlohmann_json ${CMAKE_DL_LIBS})

add_executable(synapse-backends ${CMAKE_CURRENT_SOURCE_DIR}/backends/main.cpp)
target_compile_definitions(synapse-backends PRIVATE SYNAPSE_VERSION="${PROJECT_VERSION}")
target_link_libraries(synapse-backends PRIVATE synapse_flags synapse::backends)
# With the documents that its chat answers from, and the gateway's configuration that names it.
install(TARGETS synapse-backends RUNTIME DESTINATION bin COMPONENT local-backends)
install(FILES README.md config/local.yaml DESTINATION share/synapse-local-backends
  COMPONENT local-backends)
install(DIRECTORY docs DESTINATION share/synapse-local-backends COMPONENT local-backends
  FILES_MATCHING PATTERN "*.md" PATTERN images EXCLUDE)

synapse_add_test(backends
  SOURCES
    backends/chat_test.cpp
    backends/embed_test.cpp
    backends/faults_test.cpp
    backends/http_test.cpp
    backends/misbehavior_test.cpp
    backends/ollama_test.cpp
    backends/options_test.cpp
    backends/program_test.cpp
    backends/raw_client.cpp
    backends/router_test.cpp
    backends/text_test.cpp
    backends/vllm_test.cpp
  DEPENDS backends)
synapse_add_test(backends_audio
  SOURCES
    backends/audio_test.cpp
    backends/chatterbox_test.cpp
    backends/engine_test.cpp
    backends/raw_client.cpp
    backends/sounds.cpp
    backends/speakers_test.cpp
    backends/standin_speech_test.cpp
    backends/whisper_test.cpp
  DEPENDS backends)
if(TARGET backends_test)
  add_dependencies(backends_test synapse-backends) # program_test.cpp starts it
endif()
