#include "actors/models/profiles/profile_schema.hpp"

#include "config/text/config_error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace synapse::models {

namespace {

using namespace std::string_view_literals;
using ordered = nlohmann::ordered_json;

constexpr std::array efforts{"low"sv, "medium"sv, "high"sv};

profile_field text(std::string_view name, std::string_view label, std::string_view description) {
  profile_field field;
  field.name = name;
  field.label = label;
  field.preset = std::string{};
  field.description = description;
  return field;
}

profile_field number(std::string_view name, std::string_view label, double min, double max,
                     double preset, std::string_view description) {
  auto field = text(name, label, description);
  field.type = field_type::number;
  field.min = min;
  field.max = max;
  field.step = 0.01;
  field.preset = preset;
  return field;
}

profile_field integer(std::string_view name, std::string_view label, std::int64_t min,
                      std::int64_t max, std::int64_t preset, std::string_view description) {
  auto field = text(name, label, description);
  field.type = field_type::integer;
  field.min = static_cast<double>(min);
  field.max = static_cast<double>(max);
  field.step = 1;
  field.preset = preset;
  return field;
}

/// The last one is for gpt-oss alone.
const std::vector<profile_field>& all_fields() {
  static const std::vector<profile_field> fields = [] {
    std::vector<profile_field> all{
        text("system_prompt", "System prompt",
             "The first system message of a chat that has none of its own."),
        number("temperature", "Temperature", 0, 2, 1,
               "How freely words are picked: 0 always takes the likeliest."),
        number("top_p", "Top P", 0, 1, 0.95,
               "Picks from the likeliest words that together reach this probability."),
        integer("top_k", "Top K", 1, 1000, 40, "Picks from this many of the likeliest words."),
        number("min_p", "Min P", 0, 1, 0.01,
               "Leaves out words less likely than this share of the likeliest."),
        number("repeat_penalty", "Repeat penalty", 0, 3, 1,
               "Makes words that were used already less likely; 1 leaves them as they are."),
        integer("max_tokens", "Max tokens", 1, 32768, 16384, "Length of an answer at most."),
        integer("runtime_ctx_size", "Context size", 512, 131072, 16384,
                "Tokens of question and answer together that the server has room for."),
    };
    all.back().phase = field_phase::load;
    auto effort = text("reasoning_effort", "Reasoning effort",
                       "How long the model thinks before it answers.");
    effort.type = field_type::choice;
    effort.choices = efforts;
    effort.preset = std::string{"high"};
    all.push_back(std::move(effort));
    return all;
  }();
  return fields;
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c | 0x20);
  return result;
}

std::string_view type_name(field_type type) {
  switch (type) {
  case field_type::number:
    return "number";
  case field_type::integer:
    return "integer";
  case field_type::choice:
    return "enum";
  case field_type::text:
    break;
  }
  return "string";
}

template <class Json>
Json value_json(const profile_value& value) {
  return std::visit([](const auto& one) { return Json(one); }, value);
}

/// Without a fraction where there is none: 2, not 2.0.
ordered bound_json(double bound) {
  if (bound == std::trunc(bound))
    return static_cast<std::int64_t>(bound);
  return bound;
}

ordered field_json(const profile_field& field) {
  ordered result{{"name", field.name}, {"label", field.label}, {"type", type_name(field.type)}};
  if (field.type == field_type::number || field.type == field_type::integer) {
    result["min"] = bound_json(field.min);
    result["max"] = bound_json(field.max);
    result["step"] = bound_json(field.step);
  }
  if (field.type == field_type::choice)
    result["choices"] = std::vector<std::string>(field.choices.begin(), field.choices.end());
  const auto* number = std::get_if<double>(&field.preset);
  result["default"] = number ? bound_json(*number) : value_json<ordered>(field.preset);
  result["applies_at"] = field.phase == field_phase::load ? "load" : "generation";
  result["description"] = field.description;
  return result;
}

value_fault fault(std::string_view field, const std::string& rest) {
  return {std::string{field}, config::quote(field) + " " + rest};
}

/// "must be …", for the message about a value that will not do.
std::string demand(const profile_field& field) {
  const auto range = [&] {
    return bound_json(field.min).dump() + " to " + bound_json(field.max).dump();
  };
  switch (field.type) {
  case field_type::number:
    return "must be a number from " + range();
  case field_type::integer:
    return "must be a whole number from " + range();
  case field_type::choice: {
    std::string names;
    for (const auto choice : field.choices)
      names += (names.empty() ? "" : ", ") + std::string{choice};
    return "must be one of " + names;
  }
  case field_type::text:
    break;
  }
  return "must be a text of at most " + std::to_string(max_text_bytes) + " bytes";
}

std::optional<profile_value> accept(const profile_field& field, const nlohmann::json& value) {
  if (field.type == field_type::number || field.type == field_type::integer) {
    if (!value.is_number())
      return std::nullopt;
    // Any integer a double cannot hold exactly is far out of every range.
    const auto number = value.get<double>();
    if (!(number >= field.min && number <= field.max)) // not a number is neither
      return std::nullopt;
    if (field.type == field_type::number)
      return number;
    if (number != std::trunc(number))
      return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!value.is_string())
    return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (field.type == field_type::text)
    return text.size() <= max_text_bytes ? std::optional<profile_value>{text} : std::nullopt;
  auto choice = lower(text); // all choices are; people write HIGH
  const bool known =
      std::find(field.choices.begin(), field.choices.end(), choice) != field.choices.end();
  return known ? std::optional<profile_value>{std::move(choice)} : std::nullopt;
}

value_fault unknown_field(model_family family, std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& field : fields_of(family))
    known.push_back(field.name);
  auto message = "is no field of this model";
  const auto meant = config::nearest(name, known);
  return fault(name,
               message + (meant.empty() ? std::string{} : "; did you mean \"" + meant + "\"?"));
}

} // namespace

std::string_view to_string(model_family family) noexcept {
  switch (family) {
  case model_family::gpt_oss:
    return "gpt-oss";
  case model_family::glm_4_7_flash:
    return "glm-4.7-flash";
  case model_family::qwen:
    return "qwen";
  case model_family::generic:
    break;
  }
  return "generic";
}

model_family family_of(std::string_view model) {
  const auto id = lower(model);
  if (id.starts_with("gpt-oss-"))
    return model_family::gpt_oss;
  if (id.find("glm-4.7-flash") != std::string::npos)
    return model_family::glm_4_7_flash;
  if (id.find("qwen") != std::string::npos)
    return model_family::qwen;
  return model_family::generic;
}

std::span<const profile_field> fields_of(model_family family) {
  const std::span<const profile_field> all = all_fields();
  return family == model_family::gpt_oss ? all : all.first(all.size() - 1);
}

const profile_field* find_field(model_family family, std::string_view name) {
  for (const auto& field : fields_of(family))
    if (field.name == name)
      return &field;
  return nullptr;
}

std::string schema_json(std::string_view model) {
  const auto family = family_of(model);
  auto fields = ordered::array();
  for (const auto& field : fields_of(family))
    fields.push_back(field_json(field));
  auto notes = ordered::array(
      {"A request's own values go before the stored ones.",
       "Fields that apply at load restart the server that all models of the router share."});
  if (family == model_family::gpt_oss)
    notes.push_back(
        "reasoning_effort becomes a line \"Reasoning: <level>\" of the system message.");
  const ordered result{{"model", model},
                       {"family", to_string(family)},
                       {"fields", std::move(fields)},
                       {"notes", std::move(notes)}};
  return result.dump(-1, ' ', false, ordered::error_handler_t::replace);
}

std::variant<profile_value, value_fault> read_value(const profile_field& field,
                                                    const nlohmann::json& value) {
  if (auto accepted = accept(field, value))
    return std::move(*accepted);
  return fault(field.name, demand(field));
}

std::variant<value_changes, value_fault> read_values(model_family family,
                                                     const nlohmann::json& object) {
  if (!object.is_object())
    return value_fault{{}, "an object of fields is expected"};
  value_changes result;
  for (const auto& [name, value] : object.items()) {
    const auto* field = find_field(family, name);
    if (field == nullptr)
      return unknown_field(family, name);
    if (value.is_null()) {
      result.unset.push_back(name);
      continue;
    }
    auto read = read_value(*field, value);
    if (auto* wrong = std::get_if<value_fault>(&read))
      return std::move(*wrong);
    result.set[name] = std::move(std::get<profile_value>(read));
  }
  return result;
}

nlohmann::json to_json(const profile_values& values) {
  auto result = nlohmann::json::object();
  for (const auto& [name, value] : values)
    result[name] = value_json<nlohmann::json>(value);
  return result;
}

nlohmann::json sent_values(const profile_values& stored) {
  auto result = to_json(stored);
  // An empty prompt is none: no message is made of it.
  if (const auto prompt = result.find("system_prompt"); prompt != result.end() && *prompt == "")
    result.erase(prompt);
  return result;
}

nlohmann::json family_defaults(model_family family) {
  auto result = nlohmann::json::object();
  for (const auto& field : fields_of(family))
    result[std::string{field.name}] = value_json<nlohmann::json>(field.preset);
  return result;
}

} // namespace synapse::models
