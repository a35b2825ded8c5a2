#include "actors/models/profiles/profile_schema.hpp"
#include "http/openapi/schema_parts.hpp"

namespace synapse::api::openapi {

namespace {
/// One setting as JSON Schema. @param unsettable null is a value, too
json field_schema(const models::profile_field& field, bool unsettable) {
  const bool number = field.type == models::field_type::number;
  const bool integer = field.type == models::field_type::integer;
  const std::string type = number ? "number" : integer ? "integer" : "string";
  json schema;
  schema["type"] = unsettable ? json{type, "null"} : json(type);
  if (number || integer) {
    schema["minimum"] = field.min;
    schema["maximum"] = field.max;
  } else if (field.type == models::field_type::choice) {
    schema["enum"] = field.choices;
    if (unsettable)
      schema["enum"].push_back(nullptr);
  }
  schema["description"] = field.description;
  return schema;
}

/// The fields of the family that has all of them.
json fields(bool unsettable) {
  auto all = json::object();
  for (const auto& field : models::fields_of(models::model_family::gpt_oss))
    all[std::string{field.name}] = field_schema(field, unsettable);
  return all;
}

void add_profile(json& to) {
  to["ProfileValues"] = object(fields(false));
  const json profile{{"model", text("Its name for clients; of a split model the common part")},
                     {"family", text("generic, qwen, glm-4.7-flash or gpt-oss")},
                     {"values", reference("ProfileValues")}};
  const std::vector<std::string> all_of_it{"model", "family", "values"};
  to["Profile"] = object(profile, all_of_it);
  json stored{{"success", {{"const", true}}}};
  stored.update(profile);
  to["ProfileStored"] = object(stored, {"success", "model", "family", "values"});
  json change{{"values", object(fields(true))},
              {"replace", boolean("Unset what is not among the values; false if absent")}};
  change["values"]["description"] = "The fields may as well stand here without it";
  to["ProfileChange"] = object(change);
  to["ProfileApply"] =
      object({{"load_model", boolean("Have the model loaded, too; false if absent. The body may "
                                     "be left out")}});
  json applied{{"success", boolean("All that was asked for has come about")}};
  applied.update(profile);
  applied["load"] =
      object({{"requested", boolean("It was asked for")},
              {"success", boolean("The router has accepted it, or nothing was asked for")},
              {"status_code", integer("HTTP status that the failure stands for")},
              {"detail", text("Why it failed")}},
             {"requested", "success"});
  to["ProfileApplied"] = object(applied, {"success", "model", "family", "values", "load"});
}

void add_schema(json& to) {
  json field{{"name", text("As in the profile")},
             {"label", text("For people")},
             {"type", {{"enum", {"string", "number", "integer", "enum"}}}},
             {"min", number("Of a number")},
             {"max", number("Of a number")},
             {"step", number("Of a number")},
             {"choices", list_of(json{{"type", "string"}})},
             {"default", {{"description", "What the family suggests; nothing is sent of it"}}},
             {"applies_at", {{"enum", {"generation", "load"}}}},
             {"description", text("For people")}};
  to["ProfileSchema"] =
      object({{"model", text("Its name for clients; of a split model the common part")},
              {"family", text("generic, qwen, glm-4.7-flash or gpt-oss")},
              {"fields", list_of(object(field, {"name", "label", "type", "default"}))},
              {"notes", list_of(json{{"type", "string"}})}},
             {"model", "family", "fields"});
}

void add_commands(json& to) {
  json load{{"model", text("Id of a model, or another name of it")}};
  load.update(fields(true));
  to["ModelLoad"] = object(load, {"model"});
  to["ModelLoaded"] =
      object({{"success", boolean("The router has accepted it")},
              {"model", text("Its name for clients")},
              {"status", {{"enum", {"loaded", "loading"}}}},
              {"synapse_defaults", reference("ProfileValues")},
              {"synapse_family_defaults", reference("ProfileValues")}},
             {"success", "model", "status", "synapse_defaults", "synapse_family_defaults"});
  to["ModelUnload"] = object({{"model", text("Id of a model, or another name of it")}}, {"model"});
  to["ModelUnloaded"] = object({{"success", boolean("The router has accepted it")}});
}

/// What those wait for who wait for a model.
json waits_for() {
  return object(
      {{"what",
        {{"enum", {"router", "restart", "queue", "load", "unload", "requests", "turn", "pause"}}}},
       {"model",
        {{"type", {"string", "null"}},
         {"description", "What is in the way; null: the router itself"}}},
       {"requests", integer("Of `requests`: how many run")},
       {"text", text("For people")}},
      {"what", "model", "text"});
}
} // namespace

void add_model_schemas(json& schemas) {
  auto& status = schemas["RouterModel"]["properties"]["status"]["properties"];
  status["synapse_profile"] = reference("ProfileValues");
  status["synapse_defaults"] = reference("ProfileValues");
  status["synapse_family_defaults"] = reference("ProfileValues");
  status["synapse_waits_for"] = waits_for();
  schemas["Model"]["properties"]["alias_of"] = text("The model's id, where this is another name");
  add_profile(schemas);
  add_schema(schemas);
  add_commands(schemas);
}

} // namespace synapse::api::openapi
