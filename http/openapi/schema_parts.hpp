/// @file
/// Words of OpenAPI schemas, shared by the files that describe them.
#pragma once

#include "http/core/local_reply.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace synapse::api::openapi {

using json = nlohmann::ordered_json;

inline json text(std::string_view description) {
  return {{"type", "string"}, {"description", description}};
}
inline json number(std::string_view description) {
  return {{"type", "number"}, {"description", description}};
}
inline json integer(std::string_view description) {
  return {{"type", "integer"}, {"description", description}};
}
inline json boolean(std::string_view description) {
  return {{"type", "boolean"}, {"description", description}};
}
inline json one_of(const std::vector<std::string_view>& values, std::string_view description) {
  return {{"type", "string"}, {"enum", values}, {"description", description}};
}
inline json reference(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string{name}}};
}
inline json list_of(json items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}
inline json object(json properties, std::vector<std::string> required = {}) {
  json schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty())
    schema["required"] = required;
  return schema;
}

/// Adds the schemas of speech, recognition, speakers and audio.
void add_audio_schemas(json& schemas);

/// Adds the schemas of the router's models and their profiles. @pre RouterModel is there
void add_model_schemas(json& schemas);

/// Adds the schemas of the dashboard's own routes.
void add_dashboard_schemas(json& schemas);

/// Adds the schemas of the dialects beside OpenAI's.
void add_dialect_schemas(json& schemas);
/// The schema of a dialect's errors.
std::string_view error_schema(http::error_dialect dialect) noexcept;

/// Adds the schemas of the catalog as the dashboard shows it.
void add_catalog_schemas(json& schemas);

/// Media types that a good answer may have besides the route's first one, by its request's schema.
std::vector<std::string_view> other_media_types(std::string_view request);

/// The same, or null.
inline json nullable(json schema) {
  schema["type"] = json::array({schema["type"], "null"});
  if (schema.contains("enum"))
    schema["enum"].push_back(nullptr);
  return schema;
}

} // namespace synapse::api::openapi
