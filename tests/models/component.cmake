# tests/models: chat with a router's models through the whole gateway.
synapse_add_test(models_chat NO_PCH
  SOURCES
    models/chat_turns_test.cpp
    models/chat_bodies_test.cpp
    models/chat_faults_test.cpp
  LINK synapse_test_support nlohmann_json::nlohmann_json)
