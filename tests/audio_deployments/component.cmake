# tests/audio_deployments: speech and transcriptions of a catalog's names through the whole gateway,
# with backends that the tests play themselves.
synapse_add_test(audio_deployments NO_PCH
  SOURCES
    audio_deployments/speech_test.cpp
    audio_deployments/deadlines_test.cpp
    audio_deployments/kept_uploads_test.cpp
    audio_deployments/transcription_test.cpp
  LINK synapse_test_support nlohmann_json::nlohmann_json OpenSSL::Crypto)
