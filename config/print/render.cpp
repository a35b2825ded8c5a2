#include "config/print/render.hpp"

#include "config/schema.hpp"
#include "config/values/values.hpp"

#include <algorithm>
#include <cstdio>

namespace synapse::config {

namespace {

/// As YAML reads it back: plain where that is safe, else in double quotes.
std::string yaml_text(const std::string& text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
  };
  const bool begins_plain =
      !text.empty() && ((text.front() >= 'a' && text.front() <= 'z') ||
                        (text.front() >= 'A' && text.front() <= 'Z') || text.front() == '/');
  if (begins_plain && std::all_of(text.begin(), text.end(), is_plain))
    return text;
  std::string result{'"'};
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\')
      result.append({'\\', c});
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
      result += escaped;
    } else
      result += c;
  }
  return result + '"';
}

template <class Value>
std::string yaml_value(const Value& value, const value_range& range) {
  if constexpr (std::is_same_v<Value, milliseconds>) {
    return format_duration(value);
  } else if constexpr (std::is_same_v<Value, std::string>) {
    return yaml_text(value);
  } else if constexpr (std::is_same_v<Value, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<Value, double>) {
    char text[32];
    std::snprintf(text, sizeof text, "%.15g", value);
    return text;
  } else if constexpr (std::is_arithmetic_v<Value>) {
    return range.bytes ? format_size(static_cast<std::uint64_t>(value)) : std::to_string(value);
  } else {
    std::string list{'['};
    for (const auto& one : value)
      list += (list.size() == 1 ? "" : ", ") + yaml_value(one, range);
    return list + ']';
  }
}

/// Writes sections as they are visited: parents before their children.
class section_writer {
public:
  section_writer(std::string& out, std::size_t depth) : out_(out), depth_(depth) {}

  /// @param path "" or names that end in a dot each
  template <class Section>
  void operator()(std::string_view path, const Section& section) const {
    auto depth = depth_;
    if (!path.empty()) {
      path.remove_suffix(1);
      depth += static_cast<std::size_t>(std::count(path.begin(), path.end(), '.'));
      line(depth++, path.substr(path.rfind('.') + 1), "");
    }
    for (const auto& one : fields_of<Section>())
      std::visit(
          [&](auto member) { line(depth, one.name, yaml_value(section.*member, one.range)); },
          one.member);
  }

  void line(std::size_t depth, std::string_view name, std::string_view value) const {
    out_.append(2 * depth, ' ').append(name).append(value.empty() ? ":" : ": ");
    out_.append(value).append("\n");
  }

private:
  std::string& out_;
  std::size_t depth_;
};
} // namespace

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
    }
  });
  result += "backends:\n";
  for (const auto& [name, backend] : all.backends) {
    write.line(1, yaml_text(name), "");
    write.line(2, "url", yaml_text(backend.url.to_string()));
    write.line(2, "type", to_string(backend.type));
    for_each_backend_section(backend, section_writer{result, 2});
  }
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
