#include "config/defaults/route_defaults.hpp"

#include "config/backend_types.hpp"

namespace synapse::config {

namespace {

constexpr default_route defaults[] = {
    {"/v1/embeddings", "llama-embed"},
    {"/v1/chat/completions", "llama-router"},
    {"/v1/completions", "llama-router"},
    {"/models", "llama-router"},
    {"/models/*", "llama-router"},
    {"/tts/*", "chatterbox-tts"},
    {"/stt/*", "whisper-stt"},
    {"/speakers/*", "pyannote-speaker"},
    {"/audio/*", "deepfilter-audio"},
    {"/v1/audio/speech", "chatterbox-tts"},
    {"/v1/audio/transcriptions", "whisper-stt"},
    {"/v1/audio/translations", "whisper-stt"},
};

/// Of what embeds and does nothing else.
constexpr std::chrono::seconds embedding_patience{60};

bool covers(std::string_view route, std::string_view path) {
  if (route == path)
    return true;
  return route.ends_with("/*") && path.starts_with(route.substr(0, route.size() - 1));
}

bool serves(const settings& all, const std::string& backend, std::string_view path) {
  const route_settings* route = find_route(all, path);
  return route != nullptr && route->backend == backend;
}

/// How long an answer of the backend may take, by what it is there for.
milliseconds usual_timeout(const settings& all, const backend_settings& backend) {
  const auto& type = row_of(backend.type);
  // One server for both must have the patience that a completion needs.
  const bool completes = serves(all, backend.name, "/v1/chat/completions") ||
                         serves(all, backend.name, "/v1/completions");
  const bool embeds = type.has_models && serves(all, backend.name, "/v1/embeddings");
  return embeds && !completes ? embedding_patience : type.patience;
}

} // namespace

std::span<const default_route> default_routes() {
  return defaults;
}

const route_settings* find_route(const settings& all, std::string_view path) {
  const route_settings* best = nullptr;
  for (const route_settings& route : all.routes) {
    if (route.path == path)
      return &route;
    if (covers(route.path, path) && (best == nullptr || route.path.size() > best->path.size()))
      best = &route;
  }
  return best;
}

void append_default_routes(settings& all) {
  for (const default_route& route : defaults) {
    if (all.backends.contains(std::string{route.backend}) && find_route(all, route.path) == nullptr)
      all.routes.push_back({std::string{route.path}, std::string{route.backend}});
  }
}

void apply_use_defaults(settings& all, const std::function<bool(const std::string&)>& given) {
  for (auto& [name, backend] : all.backends) {
    const std::string prefix = "backends." + name + ".";
    backend.health.detect = !given(prefix + "health.path");
    const milliseconds usual = usual_timeout(all, backend);
    timeout_settings& timeouts = backend.timeouts;
    const auto fill = [&](milliseconds& value, const char* key) {
      if (!given(prefix + key))
        value = usual;
    };
    fill(timeouts.response, "timeouts.response");
    fill(timeouts.first_token, "timeouts.first_token");
    fill(timeouts.idle, "timeouts.idle");
    const auto& type = row_of(backend.type);
    if (type.max_requests != 0) {
      if (!given(prefix + "concurrency.max_requests"))
        backend.concurrency.max_requests = type.max_requests;
      fill(backend.concurrency.queue_timeout, "concurrency.queue_timeout");
    }
    if (!given(prefix + "list_models"))
      backend.list_models = type.has_models;
    if (!given(prefix + "manage_models")) {
      const auto* list = find_route(all, "/models");
      backend.manage_models = backend.type == backend_type::llama_router ||
                              (type.has_models && list != nullptr && list->backend == name);
    }
  }
}

} // namespace synapse::config
