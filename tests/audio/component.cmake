# tests/audio: speech, recognition, speakers and audio through the whole gateway, with backends that
# the tests play themselves.
synapse_add_test(audio NO_PCH
  SOURCES
    audio/uploads_test.cpp
    audio/recognition_test.cpp
    audio/speech_test.cpp
    audio/openai_speech_test.cpp
  LINK synapse_test_support nlohmann_json::nlohmann_json OpenSSL::Crypto)
