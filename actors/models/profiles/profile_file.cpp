#include "actors/models/profiles/profile_file.hpp"

#include "actors/models/profiles/profile_schema.hpp"
#include "config/text/config_error.hpp"

#include <nlohmann/json.hpp>

#include <utility>
#include <variant>

namespace synapse::models {

namespace {

using nlohmann::json;

constexpr std::size_t max_problems = 20;

class reader {
public:
  profile_reading read(std::string_view text) {
    const auto document = json::parse(text, nullptr, false);
    result_.damage = damage_of(document);
    if (!result_.damage.empty())
      return std::move(result_);
    for (const auto& [key, value] : document.items())
      if (key != "version" && key != "models")
        add(config::quote(key) + " is unknown");
    for (const auto& [model, entry] : document["models"].items())
      read_entry(model, entry);
    if (left_out_ > 0)
      result_.problems.push_back("and " + std::to_string(left_out_) + " more");
    return std::move(result_);
  }

private:
  static std::string damage_of(const json& document) {
    if (document.is_discarded())
      return "it is not JSON";
    if (!document.is_object())
      return "it is not a JSON object";
    const auto version = document.find("version");
    if (version == document.end() || *version != json(1))
      return "its version is not 1";
    const auto models = document.find("models");
    if (models == document.end() || !models->is_object())
      return "`models` is not an object";
    return {};
  }

  void add(std::string problem) {
    if (result_.problems.size() < max_problems)
      result_.problems.push_back(std::move(problem));
    else
      ++left_out_;
  }

  void read_entry(const std::string& model, const json& entry) {
    const auto where = "model " + config::quote(model) + ": ";
    if (result_.profiles.size() == max_profiles) {
      add(where + "there are more than " + std::to_string(max_profiles) + " models");
      return;
    }
    const auto values = entry.is_object() ? entry.find("values") : entry.end();
    if (!entry.is_object() || values == entry.end() || !values->is_object()) {
      add(where + "has no object `values`");
      return;
    }
    model_profile profile;
    for (const auto& [key, value] : entry.items()) {
      if (key == "updated_at" && value.is_string())
        profile.updated_at = value.get<std::string>();
      else if (key != "values")
        add(where + config::quote(key) + " is unknown or no text");
    }
    read_fields(where, family_of(model), *values, profile.values);
    if (!profile.values.empty())
      result_.profiles.emplace(model, std::move(profile));
  }

  void read_fields(const std::string& where, model_family family, const json& from,
                   profile_values& into) {
    for (const auto& [name, value] : from.items()) {
      auto read = read_values(family, {{name, value}});
      if (const auto* wrong = std::get_if<value_fault>(&read))
        add(where + wrong->message);
      else
        into.merge(std::get<value_changes>(read).set);
    }
  }

  profile_reading result_;
  std::size_t left_out_ = 0;
};

} // namespace

profile_reading read_profiles(std::string_view text) {
  return reader{}.read(text);
}

std::string write_profiles(const profile_map& profiles) {
  auto models = json::object();
  for (const auto& [model, profile] : profiles)
    models[model] = {{"updated_at", profile.updated_at}, {"values", to_json(profile.values)}};
  const nlohmann::ordered_json document{{"version", 1}, {"models", std::move(models)}};
  try {
    return document.dump(2) + '\n';
  } catch (const json::exception&) {
    return {};
  }
}

} // namespace synapse::models
