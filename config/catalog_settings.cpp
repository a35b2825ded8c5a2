#include "config/catalog_settings.hpp"

#include <array>

namespace synapse::config {

namespace {
constexpr std::array<std::string_view, static_cast<std::size_t>(capability::count_)> capabilities{
    "chat",          "completions", "responses", "embeddings", "rerank",      "speech",
    "transcription", "vision",      "audio_in",  "tools",      "json_schema", "reasoning"};
constexpr std::array<std::string_view, 6> strategies{"adaptive", "shuffle", "least_busy",
                                                     "p2c",      "usage",   "cheapest"};
constexpr std::array<std::string_view, 3> affinities{"prefix", "session", "none"};
} // namespace

std::string_view to_string(capability what) noexcept {
  return capabilities[static_cast<std::size_t>(what)];
}
std::string_view to_string(pick_strategy what) noexcept {
  return strategies[static_cast<std::size_t>(what)];
}
std::string_view to_string(affinity_rule what) noexcept {
  return affinities[static_cast<std::size_t>(what)];
}

} // namespace synapse::config
