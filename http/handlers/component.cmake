synapse_add_component(http_handlers
  PATH http/handlers
  SOURCES refusal.cpp field_fault.cpp translators.cpp
          transcript.cpp transcript_text.cpp form_input.cpp upload_form.cpp form_call.cpp reference_upload.cpp speech_request.cpp
          voice_questions.cpp tts_handler.cpp stt_handler.cpp recordings_handler.cpp
          model_turn.cpp openai_handler.cpp pass_through_handler.cpp
          health_handler.cpp about_handler.cpp models_handler.cpp voice_upload.cpp
          voices_handler.cpp model_list.cpp model_places.cpp model_questions.cpp router_models_handler.cpp profiles_handler.cpp
          terminal_handler.cpp failure_ledger.cpp dashboard_gate.cpp dashboard_files.cpp dashboard_pages.cpp
          dashboard_handler.cpp dashboard_api.cpp dashboard_parts.cpp dashboard_backends.cpp
          dashboard_test.cpp dashboard_requests.cpp dashboard_config.cpp request_filter.cpp
          api_routes.cpp openapi_document.cpp openapi_audio.cpp openapi_models.cpp
          openapi_dashboard.cpp
  DEPENDS http_proxy http_server http_client actors_feed actors_models actors_runtime actors_protocol http_core telemetry
  LINK nlohmann_json::nlohmann_json OpenSSL::Crypto)

synapse_add_test(http_handlers
  SOURCES http/handlers/dashboard_gate_test.cpp http/handlers/failure_ledger_test.cpp
          http/handlers/field_fault_test.cpp http/handlers/model_list_test.cpp
          http/handlers/openapi_document_test.cpp http/handlers/request_filter_test.cpp
          http/handlers/transcript_test.cpp http/handlers/transcript_text_test.cpp
  DEPENDS http_handlers
  LINK synapse_test_support)
