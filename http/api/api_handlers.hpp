/// @file
/// The handlers that http/openapi/api_routes.cpp lists, those of the dashboard too. Each replies
/// exactly once, on the exchange's thread.
#pragma once

#include "http/api/services.hpp"
#include "http/server/exchange/exchange.hpp"

namespace synapse::api {

// llm/completions_handler.cpp
/// /v1/chat/completions and /v1/completions: the body is checked, then passed on as it came.
net::task<void> chat_completions(const services& all, server::exchange& exchange);
/// /v1/embeddings: likewise, without streams.
net::task<void> embeddings(const services& all, server::exchange& exchange);

// models/models_handler.cpp
/// GET /v1/models: the lists of all LLM backends, asked side by side.
net::task<void> list_models(const services& all, server::exchange& exchange);
/// GET /v1/models/{id}
net::task<void> get_model(const services& all, server::exchange& exchange);

// models/router_models_handler.cpp
/// GET /models: llama-router's own list, split models as one entry, with their profiles.
net::task<void> router_models(const services& all, server::exchange& exchange);
/// POST /models/load: stores the fields that are given and has the model loaded.
net::task<void> load_model(const services& all, server::exchange& exchange);
/// POST /models/unload: waits for the requests that use the model.
net::task<void> unload_model(const services& all, server::exchange& exchange);

// models/profiles_handler.cpp
/// GET /models/{id}/schema
net::task<void> model_schema(const services& all, server::exchange& exchange);
/// GET /models/{id}/profile
net::task<void> get_profile(const services& all, server::exchange& exchange);
/// PUT /models/{id}/profile: answers when it is stored and the next request has it.
net::task<void> put_profile(const services& all, server::exchange& exchange);
/// POST /models/{id}/profile/apply
net::task<void> apply_profile(const services& all, server::exchange& exchange);

// voices/voices_handler.cpp
/// GET /voices
net::task<void> list_voices(const services& all, server::exchange& exchange);
/// POST /voices: 201 once the voice is durable.
net::task<void> create_voice(const services& all, server::exchange& exchange);
/// POST /voices/{voice_id}/references
net::task<void> add_voice_references(const services& all, server::exchange& exchange);
/// DELETE /voices/{voice_id}
net::task<void> delete_voice(const services& all, server::exchange& exchange);

// speech/tts_handler.cpp
/// POST /tts/synthesize: the whole recording as an attachment.
net::task<void> synthesize(const services& all, server::exchange& exchange);
/// POST /tts/stream: the recording while it is made.
net::task<void> stream_speech(const services& all, server::exchange& exchange);
/// POST /tts/interpolate: speaks with the heaviest of several voices.
net::task<void> interpolate(const services& all, server::exchange& exchange);
/// GET /tts/languages
net::task<void> list_languages(const services& all, server::exchange& exchange);
/// POST /v1/audio/speech
net::task<void> openai_speech(const services& all, server::exchange& exchange);

// recognition/stt_handler.cpp
/// POST /stt/transcribe
net::task<void> transcribe(const services& all, server::exchange& exchange);
/// POST /stt/detect-language
net::task<void> detect_language(const services& all, server::exchange& exchange);
/// POST /stt/stream: whisper-stt's events, with an error event where they break off.
net::task<void> stream_transcription(const services& all, server::exchange& exchange);
/// POST /v1/audio/transcriptions
net::task<void> openai_transcription(const services& all, server::exchange& exchange);
/// POST /v1/audio/translations: 501 unless the backend speaks OpenAI's dialect.
net::task<void> openai_translation(const services& all, server::exchange& exchange);

// recordings/recordings_handler.cpp
/// POST /speakers/diarize
net::task<void> diarize(const services& all, server::exchange& exchange);
/// POST /speakers/verify
net::task<void> verify_speakers(const services& all, server::exchange& exchange);
/// POST /audio/denoise
net::task<void> denoise(const services& all, server::exchange& exchange);
/// POST /audio/convert
net::task<void> convert(const services& all, server::exchange& exchange);

// operations/health_handler.cpp
net::task<void> health(const services& all, server::exchange& exchange);
net::task<void> livez(const services& all, server::exchange& exchange);
net::task<void> readyz(const services& all, server::exchange& exchange);

// operations/about_handler.cpp
net::task<void> metrics(const services& all, server::exchange& exchange);
net::task<void> openapi_json(const services& all, server::exchange& exchange);

// http/dashboard/terminal_handler.cpp
/// GET /events/terminal: the log of all replicas as server-sent events, until the viewer leaves.
net::task<void> terminal_events(const services& all, server::exchange& exchange);

// http/dashboard/pages_handler.cpp
/// Has `handle` serve the request if its client may; a browser gets the login page otherwise.
net::task<void> behind_gate(const services& all, server::exchange& exchange,
                            net::task<void> (*handle)(const services&, server::exchange&));
/// GET /, /ui, /dashboard: the front end.
net::task<void> dashboard_page(const services& all, server::exchange& exchange);
/// GET /dashboard/assets/{file}
net::task<void> dashboard_asset(const services& all, server::exchange& exchange);
/// GET /dashboard/login.css
net::task<void> dashboard_style(const services& all, server::exchange& exchange);
/// GET /dashboard/login.js
net::task<void> dashboard_login_script(const services& all, server::exchange& exchange);
/// GET /favicon.ico
net::task<void> dashboard_icon(const services& all, server::exchange& exchange);
/// GET /docs: the dashboard's page of the API, and a plain one where the front end is not built.
net::task<void> docs(const services& all, server::exchange& exchange);
/// GET /dashboard/login: the form, or with `access_token` the login itself.
net::task<void> dashboard_login_page(const services& all, server::exchange& exchange);
/// POST /dashboard/login: 303 for a form, 204 for JSON, with the cookie.
net::task<void> dashboard_login(const services& all, server::exchange& exchange);
/// POST /dashboard/logout
net::task<void> dashboard_logout(const services& all, server::exchange& exchange);

// http/dashboard/api_handler.cpp
/// GET /api/session
net::task<void> api_session(const services& all, server::exchange& exchange);
/// GET /api/overview: samples of the last hour, or those after `since`, of all traffic or a
/// `route`.
net::task<void> api_overview(const services& all, server::exchange& exchange);
/// GET /api/voices/{voice_id}/references/{file}
net::task<void> api_voice_reference(const services& all, server::exchange& exchange);
/// GET /cluster
net::task<void> cluster_members(const services& all, server::exchange& exchange);

// http/dashboard/backends_handler.cpp
/// GET /api/backends
net::task<void> api_backends(const services& all, server::exchange& exchange);
/// GET /api/backend-routes
net::task<void> api_backend_routes(const services& all, server::exchange& exchange);

// http/dashboard/backend_test_handler.cpp
/// POST /api/backends/{name}/test: answers 200 also when the backend does not do well.
net::task<void> api_test_backend(const services& all, server::exchange& exchange);

// http/dashboard/requests_handler.cpp
/// GET /api/requests: those under way on this replica.
net::task<void> api_requests(const services& all, server::exchange& exchange);
/// GET /api/requests/finished: the last ones that have ended on this replica.
net::task<void> api_finished_requests(const services& all, server::exchange& exchange);
/// POST /api/requests/{id}/cancel
net::task<void> api_cancel_request(const services& all, server::exchange& exchange);

// http/dashboard/config_handler.cpp
/// GET /api/config
net::task<void> api_config(const services& all, server::exchange& exchange);

// llm/pass_through_handler.cpp
/// Any path that only the configuration's `routes:` knows; 404 if it does not either.
net::task<void> pass_through(const services& all, server::exchange& exchange);

} // namespace synapse::api
