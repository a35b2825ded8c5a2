synapse_add_component(actors_voices
  PATH actors/voices
  SOURCES library_lock.cpp voice.cpp voice_folder.cpp voice_store.cpp voice_store_changes.cpp
          voice_store_recovery.cpp voice_store_sharing.cpp
          voice_library.cpp
  DEPENDS actors_storage actors_protocol telemetry
  LINK nlohmann_json::nlohmann_json Utf8proc::utf8proc)

synapse_add_test(voices
  SOURCES actors/voices/voice_test.cpp actors/voices/voice_folder_test.cpp
          actors/voices/library_lock_test.cpp actors/voices/voice_store_test.cpp
          actors/voices/voice_store_crash_test.cpp actors/voices/voice_store_faults_test.cpp
          actors/voices/voice_store_sharing_test.cpp actors/voices/voice_library_test.cpp
  DEPENDS actors_voices actors_runtime)
