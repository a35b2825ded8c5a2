/// @file
/// The handlers that http/openapi/api_routes.cpp lists, but for the dashboard's. Each replies
/// exactly once, on the exchange's thread, and has no more than its parameters.
#pragma once

#include "http/server/exchange/exchange.hpp"

namespace synapse::net {
class blocking_pool;
}
namespace synapse::server {
struct lifecycle;
}
namespace synapse::telemetry {
class metric_registry;
}

namespace synapse::api {

struct openapi_text;

// llm/completions_handler.cpp
/// /v1/chat/completions and /v1/completions: the body is checked, then passed on as it came.
net::task<void> chat_completions(server::exchange& exchange);
/// /v1/embeddings: likewise, without streams.
net::task<void> embeddings(server::exchange& exchange);

// llm/responses_dialect.cpp
/// POST /v1/responses: to whoever has the model.
net::task<void> create_response(server::exchange& exchange);

// anthropic/messages_handler.cpp
/// POST /v1/messages: to whoever has the model.
net::task<void> messages(server::exchange& exchange);
/// POST /v1/messages/count_tokens
net::task<void> count_message_tokens(server::exchange& exchange);

// ollama/ollama_handlers.cpp
/// POST /api/chat, /api/generate, /api/embed, /api/embeddings: to whoever has the model.
net::task<void> ollama_chat(server::exchange& exchange);
net::task<void> ollama_generate(server::exchange& exchange);
net::task<void> ollama_embed(server::exchange& exchange);
net::task<void> ollama_embeddings(server::exchange& exchange);
/// GET /api/tags, /api/ps, /api/version; POST /api/show: of all models, whoever has them.
net::task<void> ollama_tags(server::exchange& exchange);
net::task<void> ollama_ps(server::exchange& exchange);
net::task<void> ollama_show(server::exchange& exchange);
net::task<void> ollama_version(server::exchange& exchange);
/// /api/pull, /api/push, /api/create, /api/copy, /api/delete: to an Ollama server, as they come.
net::task<void> ollama_keeping(server::exchange& exchange);

// models/models_handler.cpp
/// GET /v1/models: the lists of all LLM backends, asked side by side.
net::task<void> list_models(server::exchange& exchange);
/// GET /v1/models/{id}
net::task<void> get_model(server::exchange& exchange);

// models/router_models_handler.cpp
/// GET /models: llama-router's own list, split models as one entry, with their profiles.
net::task<void> router_models(server::exchange& exchange);
/// POST /models/load: stores the fields that are given and has the model loaded.
net::task<void> load_model(server::exchange& exchange);
/// POST /models/unload: waits for the requests that use the model.
net::task<void> unload_model(server::exchange& exchange);

// models/profiles_handler.cpp
/// GET /models/{id}/schema
net::task<void> model_schema(server::exchange& exchange);
/// GET /models/{id}/profile
net::task<void> get_profile(server::exchange& exchange);
/// PUT /models/{id}/profile: answers when it is stored and the next request has it.
net::task<void> put_profile(server::exchange& exchange);
/// POST /models/{id}/profile/apply
net::task<void> apply_profile(server::exchange& exchange);

// voices/voices_handler.cpp
/// GET /voices
net::task<void> list_voices(net::blocking_pool& blocking, server::exchange& exchange);
/// POST /voices: 201 once the voice is durable.
net::task<void> create_voice(net::blocking_pool& blocking, server::exchange& exchange);
/// POST /voices/{voice_id}/references
net::task<void> add_voice_references(net::blocking_pool& blocking, server::exchange& exchange);
/// DELETE /voices/{voice_id}
net::task<void> delete_voice(server::exchange& exchange);

// speech/tts_handler.cpp
/// POST /tts/synthesize: the whole recording as an attachment.
net::task<void> synthesize(net::blocking_pool& blocking, server::exchange& exchange);
/// POST /tts/stream: the recording while it is made.
net::task<void> stream_speech(net::blocking_pool& blocking, server::exchange& exchange);
/// POST /tts/interpolate: speaks with the heaviest of several voices.
net::task<void> interpolate(net::blocking_pool& blocking, server::exchange& exchange);
/// GET /tts/languages
net::task<void> list_languages(server::exchange& exchange);
/// POST /v1/audio/speech
net::task<void> openai_speech(net::blocking_pool& blocking, server::exchange& exchange);

// recognition/stt_handler.cpp
/// POST /stt/transcribe
net::task<void> transcribe(server::exchange& exchange);
/// POST /stt/detect-language
net::task<void> detect_language(server::exchange& exchange);
/// POST /stt/stream: whisper-stt's events, with an error event where they break off.
net::task<void> stream_transcription(server::exchange& exchange);
/// POST /v1/audio/transcriptions
net::task<void> openai_transcription(server::exchange& exchange);
/// POST /v1/audio/translations: 501 unless the backend speaks OpenAI's dialect.
net::task<void> openai_translation(server::exchange& exchange);

// recordings/recordings_handler.cpp
/// POST /speakers/diarize
net::task<void> diarize(server::exchange& exchange);
/// POST /speakers/verify
net::task<void> verify_speakers(server::exchange& exchange);
/// POST /audio/denoise
net::task<void> denoise(server::exchange& exchange);
/// POST /audio/convert
net::task<void> convert(server::exchange& exchange);

// operations/health_handler.cpp
net::task<void> health(server::exchange& exchange);
net::task<void> livez(server::exchange& exchange);
net::task<void> readyz(const server::lifecycle& life, server::exchange& exchange);

// operations/about_handler.cpp
net::task<void> metrics(const telemetry::metric_registry& registry, server::exchange& exchange);
net::task<void> openapi_json(const openapi_text& text, server::exchange& exchange);

// llm/pass_through_handler.cpp
/// Any path that only the configuration's `routes:` knows; 404 if it does not either.
net::task<void> pass_through(server::exchange& exchange);

} // namespace synapse::api
