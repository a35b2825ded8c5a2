#include "config/print/render.hpp"

#include "config/print/render_catalog.hpp"
#include "config/print/yaml_writer.hpp"

#include <type_traits>

namespace synapse::config {

std::string render_settings(const settings& all) {
  std::string result;
  const section_writer write{result, 0};
  for_each_section(all, [&](std::string_view path, const auto& section) {
    write(path, section);
    using section_type = std::decay_t<decltype(section)>;
    if constexpr (std::is_same_v<section_type, model_settings>) {
      if (!section.aliases.empty())
        write.line(1, "aliases", "");
      for (const auto& [name, model] : section.aliases)
        write.line(2, yaml_text(name), yaml_text(model));
    } else if constexpr (std::is_same_v<section_type, model_choice_settings>) {
      if (!section.rules.empty())
        write.line(2, "rules", "");
      for (const auto& rule : section.rules) {
        write.line(3, "- model", yaml_text(rule.model));
        write.line(4, "words", yaml_value(rule.words, {}));
      }
    } else if constexpr (std::is_same_v<section_type, routing_settings>) {
      write.line(1, "on_exhausted", section.wait_when_exhausted ? "wait" : "fail");
    } else if constexpr (std::is_same_v<section_type, fallback_settings>) {
      render_fallbacks(result, section);
    }
  });
  result += "backends:\n";
  for (const auto& [name, backend] : all.backends) {
    write.line(1, yaml_text(name), "");
    write.line(2, "url", yaml_text(backend.url.to_string()));
    write.line(2, "type", to_string(backend.type));
    for_each_backend_section(backend, section_writer{result, 2});
  }
  render_gpus(result, all);
  render_catalog(result, all);
  result += "routes:\n";
  for (const auto& route : all.routes)
    write.line(1, yaml_text(route.path), yaml_text(route.backend));
  return result;
}

std::string render_environment(const process_settings& process) {
  std::string result;
  const auto line = [&](std::string_view name, const std::string& value) {
    result.append(name).append(": ").append(value).append("\n");
  };
  const auto is_set = [](bool set) { return std::string{set ? "(set)" : "(not set)"}; };
  const auto& feed = process.terminal_feed;
  line("SYNAPSE_LOG_LEVEL", process.log_level);
  line("SYNAPSE_INSTANCE_ID", yaml_text(process.instance_id));
  line("SYNAPSE_VOICE_LIBRARY_DIR", yaml_text(process.voice_library_dir));
  line("SYNAPSE_MODEL_PROFILES_PATH", yaml_text(process.model_profiles_path));
  line("SYNAPSE_DASHBOARD_ACCESS_TOKEN", is_set(process.dashboard_access_token.has_value()));
  line("SYNAPSE_DASHBOARD_COOKIE_NAME", yaml_text(process.dashboard_cookie_name));
  line("SYNAPSE_DASHBOARD_COOKIE_SECURE", process.dashboard_cookie_secure ? "true" : "false");
  line("SYNAPSE_TRUSTED_PROXIES", yaml_value(process.trusted_proxies, {}));
  line("SYNAPSE_TERMINAL_FEED_MODE", feed.mode);
  line("SYNAPSE_TERMINAL_FEED_BUFFER_SIZE", std::to_string(feed.buffer_size));
  line("SYNAPSE_TERMINAL_FEED_REDACT_EXTRA_PATTERNS", is_set(!feed.redact_extra_patterns.empty()));
  line("SYNAPSE_TERMINAL_FEED_BUS_MODE", feed.bus_mode);
  line("SYNAPSE_TERMINAL_FEED_REDIS_URL", is_set(!feed.redis_url.empty()));
  return result;
}

} // namespace synapse::config
