#include "backends/llama/schema_sample.hpp"

#include <algorithm>

namespace synapse::backends {

namespace {

constexpr int deepest = 8;

std::string type_of(const json& schema) {
  auto type = schema.value("type", json());
  if (type.is_array() && !type.empty())
    type = type.front();
  if (type.is_string())
    return type.get<std::string>();
  if (schema.contains("properties"))
    return "object";
  return schema.contains("items") ? "array" : "string";
}

json sample(const json& schema, const std::string& text, int depth);

json sample_object(const json& schema, const std::string& text, int depth) {
  json out = json::object();
  auto properties = schema.value("properties", json::object());
  auto required = schema.value("required", json());
  if (!properties.is_object())
    return out;
  for (const auto& [name, property] : properties.items()) {
    // Without a list of what is required, everything is given.
    bool wanted =
        !required.is_array() || std::find(required.begin(), required.end(), name) != required.end();
    if (wanted)
      out[name] = sample(property, text, depth + 1);
  }
  return out;
}

json sample_array(const json& schema, const std::string& text, int depth) {
  json out = json::array();
  auto least = std::clamp<std::int64_t>(value_or<std::int64_t>(schema, "minItems", 1), 0, 64);
  for (std::int64_t i = 0; i < least; ++i)
    out.push_back(sample(schema.value("items", json::object()), text, depth + 1));
  return out;
}

json sample(const json& schema, const std::string& text, int depth) {
  if (!schema.is_object() || depth > deepest)
    return nullptr;
  if (schema.contains("const"))
    return schema["const"];
  if (schema.contains("enum") && schema["enum"].is_array() && !schema["enum"].empty())
    return schema["enum"].front();
  if (schema.contains("default"))
    return schema["default"];
  for (auto name : {"anyOf", "oneOf", "allOf"})
    if (schema.contains(name) && schema[name].is_array() && !schema[name].empty())
      return sample(schema[name].front(), text, depth + 1);
  auto type = type_of(schema);
  if (type == "object")
    return sample_object(schema, text, depth);
  if (type == "array")
    return sample_array(schema, text, depth);
  if (type == "integer" || type == "number")
    return schema.contains("minimum") ? schema["minimum"] : json(0);
  if (type == "boolean")
    return true;
  if (type == "null")
    return nullptr;
  return text;
}

} // namespace

json sample_from_schema(const json& schema, const std::string& text) {
  if (schema.empty())
    return {{"answer", text}};
  return sample(schema, text, 0);
}

} // namespace synapse::backends
