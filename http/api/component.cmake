# What clients may ask: a folder per family of routes, and what several of them need.
synapse_add_component(http_api
  PATH http/api
  SOURCES request/refusal.cpp request/head_checks.cpp request/body_reading.cpp request/desk_wait.cpp request/own_question.cpp request/field_fault.cpp
          request/value_checks.cpp
          forms/upload_body.cpp forms/late_answer.cpp forms/form_input.cpp forms/upload_form.cpp forms/form_call.cpp
          llm/model_turn.cpp llm/model_request.cpp llm/model_targets.cpp llm/completions_handler.cpp llm/catalog_request.cpp llm/llm_dress.cpp llm/responses_dialect.cpp
          llm/pass_through_handler.cpp llm/model_places.cpp
          anthropic/anthropic_dialect.cpp anthropic/messages_handler.cpp
          ollama/ollama_dialect.cpp ollama/ollama_handlers.cpp
          models/models_handler.cpp models/catalog_list.cpp models/model_list.cpp models/model_questions.cpp
          models/router_models_handler.cpp models/profiles_handler.cpp
          voices/voice_questions.cpp voices/voice_upload.cpp voices/voices_handler.cpp
          deployments/arrival.cpp deployments/attempt_facts.cpp deployments/attempt_trace.cpp
          deployments/deployment_targets.cpp deployments/named_request.cpp
          deployments/farewell.cpp deployments/request_wish.cpp deployments/gpu_turn.cpp
          speech/reference_upload.cpp speech/speech_request.cpp speech/tts_handler.cpp
          speech/voice_lists.cpp speech/voice_copy.cpp speech/voice_fit.cpp speech/speech_dress.cpp
          speech/catalog_speech.cpp
          recognition/stt_handler.cpp recognition/openai_form.cpp recognition/transcription_dress.cpp
          recognition/catalog_transcription.cpp
          recordings/recordings_handler.cpp
          operations/health_handler.cpp operations/about_handler.cpp
  DEPENDS routing providers actors_gpus http_proxy http_server http_sites http_client actors_models actors_runtime actors_protocol http_dialects http_core telemetry
  LINK nlohmann_json::nlohmann_json OpenSSL::Crypto)

synapse_add_test(http_api
  SOURCES http/api/deployments/line_limit_test.cpp http/api/request/field_fault_test.cpp
          http/api/models/model_list_test.cpp http/api/deployments/attempt_facts_test.cpp
          http/api/speech/voice_fit_test.cpp
  DEPENDS http_api
  LINK synapse_test_support)
