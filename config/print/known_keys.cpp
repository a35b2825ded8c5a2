#include "config/backend_types.hpp"
#include "config/print/yaml_writer.hpp"
#include "config/schema.hpp"
#include "config/values/values.hpp"

namespace synapse::config {

namespace {

/// `value` as the file would spell it.
template <class Value>
std::string format_value(const Value& value, const value_range& range) {
  if constexpr (std::is_same_v<Value, milliseconds>) {
    return format_duration(value);
  } else if constexpr (std::is_same_v<Value, std::vector<milliseconds>>) {
    std::string result = "[";
    for (const milliseconds one : value)
      result += (result.size() == 1 ? "" : ", ") + format_duration(one);
    return result + "]";
  } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
    std::string result = "[";
    for (const std::string& one : value)
      result += (result.size() == 1 ? "" : ", ") + one;
    return result + "]";
  } else if constexpr (std::is_same_v<Value, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<Value, std::string>) {
    return value.empty() ? "\"\"" : value;
  } else {
    return range.bytes ? format_size(static_cast<std::uint64_t>(value))
                       : yaml_number(static_cast<double>(value));
  }
}

template <class Section>
constexpr bool is_duration_field(const field<Section>& one) {
  return std::holds_alternative<milliseconds Section::*>(one.member) ||
         std::holds_alternative<std::vector<milliseconds> Section::*>(one.member);
}

/// Appends the keys of `section`, whose values are the defaults.
template <class Section>
void append_keys(std::vector<key_info>& keys, const std::string& prefix, const Section& section) {
  for (const field<Section>& one : fields_of<Section>()) {
    const auto text = [&](auto member) { return format_value(section.*member, one.range); };
    const std::string usual = one.computed_default.empty() ? std::visit(text, one.member)
                                                           : std::string{one.computed_default};
    keys.push_back({prefix + std::string{one.name}, usual,
                    range_text(one.range, is_duration_field(one)), std::string{one.description}});
  }
}

/// "`a`, `b` or `c`".
std::string names_of_types() {
  std::string text;
  const auto rows = backend_types();
  for (const auto& row : rows) {
    if (!text.empty())
      text += &row == &rows.back() ? " or " : ", ";
    text += "`" + std::string{row.name} + "`";
  }
  return text;
}

/// Entries of which there may be several, and choices of a few words: no table has them.
void append_top_keys(std::vector<key_info>& keys) {
  keys.push_back({"models.auto.rules", "one for code, see below", "up to 32 entries",
                  "`{model, words}` each: the first rule that has a word of the messages decides"});
  keys.push_back({"models.aliases", "{}", "up to 256 entries",
                  "names that clients use, and the model that each means"});
  keys.push_back(
      {"routing.on_exhausted", "fail", "fail or wait",
       "while no deployment may be asked: 503 or 429 at once, or after a wait up to `deadline`"});
  keys.push_back({"fallbacks.any", "{}", "up to 2048 entries",
                  "lists of names that are asked when a name's deployments have failed"});
  keys.push_back({"fallbacks.context", "{}", "up to 2048 entries",
                  "the same when the prompt is too long; else `any`"});
  keys.push_back({"fallbacks.policy", "{}", "up to 2048 entries",
                  "the same when the content was refused; else `any`"});
  keys.push_back({"litellm", "\"\"", "", "a LiteLLM proxy's file whose names are taken over"});
  keys.push_back({"backends", "required", "1 to 256 entries", "the backends by name"});
  keys.push_back({"catalog", "{}", "up to 2048 entries", "names of models, and what serves each"});
  keys.push_back({"gpus", "{}", "up to 64 entries", "graphics cards by name"});
  keys.push_back({"routes", "the API's own paths, see below", "up to 1024 entries",
                  "which backend serves a path; a path ends in `/*` for all below it"});
}

void append_backend_keys(std::vector<key_info>& keys, const std::string& prefix) {
  keys.push_back({prefix + "url", "required", "",
                  "`http://` or `https://` with host, optional port and base path"});
  keys.push_back({prefix + "type", std::string{to_string(backend_settings{}.type)}, "",
                  "what the backend speaks: " + names_of_types()});
  const backend_settings backend;
  for_each_backend_section(backend, [&](std::string_view path, const auto& section) {
    append_keys(keys, prefix + std::string{path}, section);
  });
}

void append_name_keys(std::vector<key_info>& keys, const std::string& prefix) {
  const catalog_model model;
  for_each_name_section(model, [&](std::string_view path, const auto& section) {
    append_keys(keys, prefix + std::string{path}, section);
  });
  keys.push_back({prefix + "strategy", std::string{to_string(model.strategy)}, "",
                  "how one of a tier is picked"});
  keys.push_back({prefix + "affinity", std::string{to_string(model.affinity)}, "",
                  "what keeps a conversation's requests together"});
  keys.push_back(
      {prefix + "deployments", "required", "1 to 32 entries", "list of what serves the name"});
  const std::string inner = prefix + "deployments[].";
  append_keys(keys, inner, deployment_settings{});
  for (const std::string one : {"input", "output"})
    keys.push_back(
        {inner + "cost." + one, "0", range_text(cost_range, false), "price of a million tokens"});
  keys.push_back({inner + "capabilities", "as discovered", "", "what it can do"});
  keys.push_back({inner + "defaults", "{}", "up to 64 entries",
                  "fields of a request that are filled in where they are absent"});
  keys.push_back({inner + "headers", "{}", "up to 32 entries", "further header fields"});
  for (const auto& one : fields_of<timeout_settings>())
    keys.push_back({inner + "timeouts." + std::string{one.name}, "the backend's",
                    range_text(one.range, true), std::string{one.description}});
}
} // namespace

std::vector<key_info> known_keys() {
  std::vector<key_info> keys;
  const settings all;
  for_each_section(all, [&](std::string_view path, const auto& section) {
    append_keys(keys, std::string{path}, section);
  });
  append_top_keys(keys);
  append_backend_keys(keys, "backends.<name>.");
  append_name_keys(keys, "catalog.<name>.");
  append_keys(keys, "gpus.<name>.", gpu_settings{});
  keys.push_back({"gpus.<name>.exclusive", "[]", "up to 64 entries",
                  "lists of backends of which never two are awake at once"});
  return keys;
}

} // namespace synapse::config
