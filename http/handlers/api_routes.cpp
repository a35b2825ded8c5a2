#include "http/handlers/api_routes.hpp"

#include "http/handlers/api_handlers.hpp"

#include <array>

namespace synapse::handlers {

namespace {
using server::access;

constexpr std::array<api_route, 16> routes{{
    {"POST", "/v1/chat/completions", access::open, chat_completions, "createChatCompletion", "LLM",
     "Chat completion, as JSON or as a stream of server-sent events", "ChatCompletionRequest",
     "ChatCompletion", "llama-router"},
    {"POST", "/v1/completions", access::open, chat_completions, "createCompletion", "LLM",
     "Text completion, as JSON or as a stream of server-sent events", "CompletionRequest",
     "Completion", "llama-router"},
    {"POST", "/v1/embeddings", access::open, embeddings, "createEmbedding", "LLM",
     "Embeddings of one or several texts", "EmbeddingRequest", "EmbeddingList", "llama-embed"},
    {"GET", "/v1/models", access::open, list_models, "listModels", "LLM",
     "Models of all configured LLM backends", "", "ModelList", ""},
    {"GET", "/v1/models/{id}", access::open, get_model, "retrieveModel", "LLM",
     "One model of that list", "", "Model", ""},
    {"GET", "/models", access::open, router_models, "listRouterModels", "LLM",
     "llama-router's own list, with the state of each model", "", "RouterModelList",
     "llama-router"},
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
    {"GET", "/health", access::open, health, "health", "Operations",
     "Health of every backend; always status 200 itself", "", "Health", ""},
    {"GET", "/livez", access::open, livez, "livez", "Operations", "Liveness: the process answers",
     "", "Status", ""},
    {"GET", "/readyz", access::open, readyz, "readyz", "Operations",
     "Readiness: configuration loaded and not draining", "", "Status", ""},
    {"GET", "/metrics", access::open, metrics, "metrics", "Operations", "Prometheus metrics", "",
     "text/plain", ""},
    {"GET", "/openapi.json", access::open, openapi, "openapi", "Documentation", "This document", "",
     "application/json", ""},
    {"GET", "/docs", access::open, docs, "docs", "Documentation", "This API as a readable page", "",
     "text/html", ""},
}};
} // namespace

std::span<const api_route> api_routes() {
  return routes;
}

void add_routes(server::route_table& table, const services& everything,
                const std::function<telemetry::route_metrics*(std::string_view)>& metrics_of) {
  for (const auto& entry : routes) {
    server::route route;
    route.method = entry.method;
    route.path = entry.path;
    route.who = entry.who;
    route.metrics = metrics_of(entry.path);
    route.handle = [&everything, handle = entry.handle](server::exchange& exchange) {
      return handle(everything, exchange);
    };
    table.add(std::move(route));
  }
  server::route fallback;
  fallback.path = "(configured)";
  fallback.metrics = metrics_of(fallback.path);
  fallback.handle = [&everything](server::exchange& exchange) {
    return pass_through(everything, exchange);
  };
  table.set_fallback(std::move(fallback));
}

} // namespace synapse::handlers
