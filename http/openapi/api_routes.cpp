#include "http/openapi/api_routes.hpp"

#include "http/api/api_handlers.hpp"
#include "http/dashboard/dashboard_handlers.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace synapse::api {

namespace {
using server::access;

constexpr std::string_view json_type = "application/json";

/// A route of OpenAI's API: its errors have OpenAI's envelope.
constexpr api_route openai(api_route row) {
  row.errors = http::error_dialect::openai;
  return row;
}

/// A route of Anthropic's API.
constexpr api_route anthropic(api_route row) {
  row.errors = http::error_dialect::anthropic;
  return row;
}

/// A route of Ollama's.
constexpr api_route ollama(api_route row) {
  row.errors = http::error_dialect::ollama;
  return row;
}

constexpr std::array<api_route, 77> routes{{
    openai({"POST", "/v1/chat/completions", access::open, chat_completions, "createChatCompletion",
            "LLM", "Chat completion, as JSON or as a stream of server-sent events",
            "ChatCompletionRequest", "ChatCompletion", "llama-router"}),
    openai({"POST", "/v1/completions", access::open, chat_completions, "createCompletion", "LLM",
            "Text completion, as JSON or as a stream of server-sent events", "CompletionRequest",
            "Completion", "llama-router"}),
    openai({"POST", "/v1/embeddings", access::open, embeddings, "createEmbedding", "LLM",
            "Embeddings of one or several texts", "EmbeddingRequest", "EmbeddingList",
            "llama-embed"}),
    openai({"GET", "/v1/models", access::open, list_models, "listModels", "LLM",
            "Models of all configured LLM backends", "", "ModelList", ""}),
    openai({"GET", "/v1/models/{id}", access::open, get_model, "retrieveModel", "LLM",
            "One model of that list, by its id or another name", "", "Model", "", json_type, "200",
            true}),
    openai({"POST", "/v1/responses", access::open, create_response, "createResponse", "LLM",
            "A response, as JSON or as a stream of server-sent events", "ResponseRequest",
            "Response", ""}),
    anthropic({"POST", "/v1/messages", access::open, messages, "createMessage", "Anthropic",
               "A message, as JSON or as a stream of server-sent events", "MessageRequest",
               "Message", ""}),
    anthropic({"POST", "/v1/messages/count_tokens", access::open, count_message_tokens,
               "countMessageTokens", "Anthropic", "How long a prompt is, about", "MessageCount",
               "MessageTokens", ""}),
    ollama({"POST", "/api/chat", access::open, ollama_chat, "ollamaChat", "Ollama",
            "A chat, as lines of JSON unless `stream` is false", "OllamaChat", "OllamaAnswer", ""}),
    ollama({"POST", "/api/generate", access::open, ollama_generate, "ollamaGenerate", "Ollama",
            "An answer to a prompt, as lines of JSON unless `stream` is false", "OllamaPrompt",
            "OllamaAnswer", ""}),
    ollama({"POST", "/api/embed", access::open, ollama_embed, "ollamaEmbed", "Ollama",
            "Embeddings of one or several texts", "OllamaInput", "OllamaEmbeddings", ""}),
    ollama({"POST", "/api/embeddings", access::open, ollama_embeddings, "ollamaEmbeddings",
            "Ollama", "The embedding of one text, as older clients ask for it", "OllamaPrompt",
            "OllamaEmbedding", ""}),
    ollama({"GET", "/api/tags", access::open, ollama_tags, "ollamaTags", "Ollama",
            "All models, whoever has them", "", "OllamaModels", ""}),
    ollama({"GET", "/api/ps", access::open, ollama_ps, "ollamaPs", "Ollama",
            "Those that are in memory", "", "OllamaModels", ""}),
    ollama({"POST", "/api/show", access::open, ollama_show, "ollamaShow", "Ollama",
            "What is known of one model", "OllamaName", "OllamaModel", ""}),
    ollama({"GET", "/api/version", access::open, ollama_version, "ollamaVersion", "Ollama",
            "The version of Ollama whose forms are spoken", "", "OllamaVersion", ""}),
    ollama({"POST", "/api/pull", access::open, ollama_keeping, "ollamaPull", "Ollama",
            "Has an Ollama server fetch a model", "OllamaName", "application/x-ndjson", ""}),
    ollama({"POST", "/api/push", access::open, ollama_keeping, "ollamaPush", "Ollama",
            "Has an Ollama server publish a model", "OllamaName", "application/x-ndjson", ""}),
    ollama({"POST", "/api/create", access::open, ollama_keeping, "ollamaCreate", "Ollama",
            "Has an Ollama server make a model of another one", "OllamaName",
            "application/x-ndjson", ""}),
    ollama({"POST", "/api/copy", access::open, ollama_keeping, "ollamaCopy", "Ollama",
            "Has an Ollama server give a model a further name", "OllamaCopy", "text/plain", ""}),
    ollama({"DELETE", "/api/delete", access::open, ollama_keeping, "ollamaDelete", "Ollama",
            "Has an Ollama server forget a model", "OllamaName", "text/plain", ""}),
    {"GET", "/models", access::open, router_models, "listRouterModels", "Models",
     "llama-router's own list, with the state of each model and its stored profile", "",
     "RouterModelList", "llama-router"},
    {"POST", "/models/load", access::open, load_model, "loadModel", "Models",
     "Stores the fields that are given and has the model loaded", "ModelLoad", "ModelLoaded",
     "llama-router"},
    {"POST", "/models/unload", access::open, unload_model, "unloadModel", "Models",
     "Unloads a model when no request uses it any more", "ModelUnload", "ModelUnloaded",
     "llama-router"},
    {"GET", "/models/{id}/schema", access::open, model_schema, "getModelSchema", "Models",
     "The fields that a model's profile may have", "", "ProfileSchema", "", json_type, "200", true},
    {"GET", "/models/{id}/profile", access::open, get_profile, "getModelProfile", "Models",
     "The stored values of a model", "", "Profile", "llama-router", json_type, "200", true},
    {"PUT", "/models/{id}/profile", access::open, put_profile, "putModelProfile", "Models",
     "Stores values of a model; null unsets one", "ProfileChange", "ProfileStored", "llama-router",
     json_type, "200", true},
    {"POST", "/models/{id}/profile/apply", access::open, apply_profile, "applyModelProfile",
     "Models", "Brings stored values into effect that need the router to be started anew",
     "ProfileApply", "ProfileApplied", "llama-router", json_type, "200", true},
    {"GET", "/voices", access::open, list_voices, "listVoices", "Voices",
     "All voices of the library, oldest first", "", "VoiceList", ""},
    {"POST", "/voices", access::open, create_voice, "createVoice", "Voices",
     "A new voice of a name and 1 to 10 WAV files", "VoiceUpload", "Voice", "",
     "multipart/form-data", "201"},
    {"POST", "/voices/{voice_id}/references", access::open, add_voice_references,
     "addVoiceReferences", "Voices", "Adds 1 to 10 WAV files to a voice", "VoiceFiles", "Voice", "",
     "multipart/form-data"},
    {"DELETE", "/voices/{voice_id}", access::open, delete_voice, "deleteVoice", "Voices",
     "Removes a voice and its files", "", "VoiceDeleted", ""},
    {"POST", "/tts/synthesize", access::open, synthesize, "synthesize", "Speech",
     "Speech from text, as a WAV file", "Synthesis", "audio/wav", "chatterbox-tts"},
    {"POST", "/tts/stream", access::open, stream_speech, "streamSpeech", "Speech",
     "Speech from text, while it is made", "Synthesis", "audio/wav", "chatterbox-tts"},
    {"POST", "/tts/interpolate", access::open, interpolate, "interpolateVoices", "Speech",
     "Speech from text with the heaviest of several voices", "Interpolation", "audio/wav",
     "chatterbox-tts"},
    {"GET", "/tts/languages", access::open, list_languages, "listLanguages", "Speech",
     "The languages that can be spoken", "", "LanguageList", ""},
    openai({"POST", "/v1/audio/speech", access::open, openai_speech, "createSpeech", "Speech",
            "Speech from text, as audio or as a stream of server-sent events", "SpeechRequest",
            "audio/mpeg", "chatterbox-tts"}),
    {"POST", "/stt/transcribe", access::open, transcribe, "transcribe", "Recognition",
     "The words of a recording, with times", "TranscribeForm", "NativeTranscription", "whisper-stt",
     "multipart/form-data"},
    {"POST", "/stt/detect-language", access::open, detect_language, "detectLanguage", "Recognition",
     "The language of a recording", "RecordingForm", "DetectedLanguage", "whisper-stt",
     "multipart/form-data"},
    {"POST", "/stt/stream", access::open, stream_transcription, "streamTranscription",
     "Recognition", "The words of a recording as server-sent events, segment by segment",
     "StreamForm", "text/event-stream", "whisper-stt", "multipart/form-data"},
    openai({"POST", "/v1/audio/transcriptions", access::open, openai_transcription,
            "createTranscription", "Recognition",
            "The words of a recording as JSON, text, SubRip, WebVTT or events", "TranscriptionForm",
            "Transcription", "whisper-stt", "multipart/form-data"}),
    openai({"POST", "/v1/audio/translations", access::open, openai_translation, "createTranslation",
            "Recognition", "The words of a recording in English, where the backend can translate",
            "TranslationForm", "Translation", "whisper-stt", "multipart/form-data"}),
    {"POST", "/speakers/diarize", access::open, diarize, "diarize", "Speakers", "Who speaks when",
     "DiarizeForm", "Diarization", "pyannote-speaker", "multipart/form-data"},
    {"POST", "/speakers/verify", access::open, verify_speakers, "verifySpeakers", "Speakers",
     "Whether two recordings have the same speaker", "VerifyForm", "Verification",
     "pyannote-speaker", "multipart/form-data"},
    {"POST", "/audio/denoise", access::open, denoise, "denoise", "Audio",
     "A recording without its noise, as WAV", "RecordingForm", "audio/wav", "deepfilter-audio",
     "multipart/form-data"},
    {"POST", "/audio/convert", access::open, convert, "convert", "Audio",
     "A recording in another format", "ConvertForm", "audio/wav", "deepfilter-audio",
     "multipart/form-data"},
    {"GET", "/health", access::open, health, "health", "Operations",
     "Health of every backend; always status 200 itself", "", "Health", ""},
    {"GET", "/livez", access::open, livez, "livez", "Operations", "Liveness: the process answers",
     "", "Status", ""},
    {"GET", "/readyz", access::open, readyz, "readyz", "Operations",
     "Readiness: configuration loaded and not draining", "", "Status", ""},
    {"GET", "/metrics", access::open, metrics, "metrics", "Operations", "Prometheus metrics", "",
     "text/plain", ""},
    {"GET", "/openapi.json", access::open, openapi_json, "openapi", "Documentation",
     "This document", "", "application/json", ""},
    {"GET", "/", access::dashboard, dashboard_page, "dashboardAtRoot", "Dashboard", "The dashboard",
     "", "text/html", ""},
    {"GET", "/ui", access::dashboard, dashboard_page, "dashboardAtUi", "Dashboard", "The dashboard",
     "", "text/html", ""},
    {"GET", "/dashboard", access::dashboard, dashboard_page, "dashboard", "Dashboard",
     "The dashboard", "", "text/html", ""},
    {"GET", "/dashboard/assets/{file}", access::open, dashboard_asset, "dashboardAsset",
     "Dashboard", "A file of the dashboard's front end", "", "application/octet-stream", ""},
    {"GET", "/dashboard/login.css", access::open, dashboard_style, "dashboardLoginStyle",
     "Dashboard", "Style sheet of the login page", "", "text/css", ""},
    {"GET", "/dashboard/login.js", access::open, dashboard_login_script, "dashboardLoginScript",
     "Dashboard", "Leads from the login back to the section that was asked for", "",
     "text/javascript", ""},
    {"GET", "/favicon.ico", access::open, dashboard_icon, "favicon", "Dashboard",
     "The gateway's sign in a browser's tab", "", "image/svg+xml", ""},
    {"GET", "/dashboard/login", access::open, dashboard_login_page, "dashboardLoginPage",
     "Dashboard", "Login form; with the query `access_token` the login itself", "", "text/html",
     ""},
    {"POST", "/dashboard/login", access::open, dashboard_login, "dashboardLogin", "Dashboard",
     "Begins a session: a cookie, 303 for a form and 204 for JSON", "Login", "", "",
     "application/json", "204"},
    {"POST", "/dashboard/logout", access::dashboard, dashboard_logout, "dashboardLogout",
     "Dashboard", "Ends the session", "", "", "", "application/json", "204"},
    {"GET", "/events/terminal", access::dashboard, terminal_events, "terminalEvents", "Dashboard",
     "The log of all replicas as server-sent events; query: sources, level, backlog", "",
     "text/event-stream", ""},
    {"GET", "/api/session", access::dashboard, api_session, "getSession", "Dashboard",
     "How the dashboard is reached, and until when", "", "Session", ""},
    {"GET", "/api/overview", access::dashboard, api_overview, "getOverview", "Dashboard",
     "Traffic of the last hour and the backends' health; query: since, route", "", "Overview", ""},
    {"GET", "/api/backends", access::dashboard, api_backends, "getBackends", "Dashboard",
     "State of every backend", "", "Backends", ""},
    {"GET", "/api/backend-routes", access::dashboard, api_backend_routes, "getBackendRoutes",
     "Dashboard", "Which routes each backend serves", "", "BackendRoutes", ""},
    {"GET", "/api/requests", access::dashboard, api_requests, "getRequests", "Dashboard",
     "Requests under way on this replica", "", "RunningRequests", ""},
    {"GET", "/api/requests/finished", access::dashboard, api_finished_requests,
     "getFinishedRequests", "Dashboard",
     "The last requests that have ended; query: limit, route, backend, model, id, status, since",
     "", "FinishedRequests", ""},
    {"POST", "/api/backends/{name}/test", access::dashboard, api_test_backend, "testBackend",
     "Dashboard", "Asks a backend for its health, and one with models for their list", "",
     "BackendTest", ""},
    {"GET", "/api/catalog", access::dashboard, api_catalog, "getCatalog", "Dashboard",
     "Names of the catalog, and how their deployments are on this replica", "", "Catalog", ""},
    {"POST", "/api/catalog/deployments/drain", access::dashboard, api_drain_deployment,
     "drainDeployment", "Dashboard", "Has this replica send a deployment no further request",
     "DeploymentChoice", "DeploymentDrained", ""},
    {"POST", "/api/catalog/deployments/enable", access::dashboard, api_enable_deployment,
     "enableDeployment", "Dashboard", "Lets a deployment in again", "DeploymentChoice",
     "DeploymentDrained", ""},
    {"GET", "/api/config", access::dashboard, api_config, "getConfig", "Dashboard",
     "The settings in force, without secrets, and what became of reloads", "", "ActiveConfig", ""},
    {"POST", "/api/requests/{id}/cancel", access::dashboard, api_cancel_request, "cancelRequest",
     "Dashboard", "Gives a request up as if its client had left", "", "Canceled", ""},
    {"GET", "/api/voices/{voice_id}/references/{file}", access::dashboard, api_voice_reference,
     "getVoiceReference", "Dashboard", "A reference recording of a voice", "", "audio/wav", ""},
    {"GET", "/cluster", access::dashboard, cluster_members, "getCluster", "Dashboard",
     "The replicas that this one knows", "", "Cluster", ""},
    {"GET", "/docs", access::open, docs, "docs", "Documentation", "This API as a readable page", "",
     "text/html", ""},
}};

server::handler bound(net::task<void> (*function)(server::exchange&), const service_set&) {
  return function;
}

/// With its service. Found now: a request costs the call and nothing more.
template <class Service>
server::handler bound(net::task<void> (*function)(Service&, server::exchange&),
                      const service_set& services) {
  return [service = services.get<Service>(), function](server::exchange& exchange) {
    return function(*service, exchange);
  };
}
} // namespace

std::span<const api_route> api_routes() {
  return routes;
}

server::foreign_use foreign_use_of(const api_route& entry) {
  if (entry.method != "GET")
    return server::foreign_use::nothing;
  if (entry.response == "text/html")
    return server::foreign_use::links;
  const bool light =
      entry.tag == "Operations" || entry.tag == "Documentation" || entry.tag == "Dashboard";
  return light && entry.who == access::open ? server::foreign_use::all
                                            : server::foreign_use::nothing;
}

bool has_any_name(const api_route& entry) {
  return entry.path == "/livez" || entry.path == "/readyz";
}

bool is_traffic(const api_route& route) {
  return route.tag != "Dashboard" && route.tag != "Operations" && route.tag != "Documentation";
}

bool is_traffic_route(std::string_view path) {
  return std::all_of(routes.begin(), routes.end(),
                     [path](const api_route& one) { return one.path != path || is_traffic(one); });
}

void add_routes(server::route_table& table, const service_set& services,
                const std::function<telemetry::route_metrics*(std::string_view)>& metrics_of) {
  for (const auto& entry : routes) {
    server::route route;
    route.method = entry.method;
    route.path = entry.path;
    route.slashes = entry.slashes;
    route.who = entry.who;
    route.foreign = foreign_use_of(entry);
    route.any_name = has_any_name(entry);
    route.is_traffic = is_traffic(entry);
    route.errors = entry.errors;
    route.metrics = metrics_of(entry.path);
    route.handle =
        std::visit([&](auto function) { return bound(function, services); }, entry.handle);
    if (entry.who == access::dashboard)
      route.handle = [gate = services.get<dashboard_gate>(),
                      handle = std::move(route.handle)](server::exchange& exchange) {
        return behind_gate(*gate, exchange, handle);
      };
    table.add(std::move(route));
  }
  server::route fallback;
  fallback.path = configured_route;
  fallback.metrics = metrics_of(fallback.path);
  fallback.handle = pass_through;
  table.set_fallback(std::move(fallback));
}

} // namespace synapse::api
