# What each type of backend can be asked about itself, and what its answers mean: no I/O.
synapse_add_component(providers NO_PCH PATH providers
  SOURCES
    discovered_names.cpp gauges.cpp model_entry.cpp provider_table.cpp
    audio/chatterbox.cpp audio/faster_whisper.cpp audio/piper.cpp audio/plain_audio.cpp
    audio/speaches.cpp
    clouds/anthropic.cpp clouds/openai.cpp
    engines/infinity.cpp engines/llama_router.cpp engines/ollama.cpp engines/openai_compatible.cpp
    engines/sglang.cpp engines/tei.cpp engines/trtllm.cpp engines/vllm.cpp
  DEPENDS config http_core
  LINK simdjson::simdjson)

synapse_add_test(providers NO_PCH
  SOURCES
    providers/discovered_names_test.cpp providers/gauges_test.cpp providers/model_entry_test.cpp
    providers/provider_table_test.cpp
    providers/audio_test.cpp providers/clouds_test.cpp providers/engines_test.cpp
    providers/ollama_test.cpp
  DEPENDS providers)
