/// @file
/// The settings a model's profile may hold: what each is called, which values it takes, what it is
/// when nobody has set it. Pure functions, any thread.
#pragma once

#include "actors/protocol/model_messages.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace synapse::models {

using actors::profile_value;
using actors::profile_values;

/// Models that take the same settings.
enum class model_family : std::uint8_t { generic, qwen, glm_4_7_flash, gpt_oss };

/// As the API spells it, e.g. "gpt-oss".
std::string_view to_string(model_family family) noexcept;

/// The family of a model by its id, in any case of letters: ids are names of files, and people
/// spell them as they like. `gpt-oss-` has to stand in front, because only OpenAI's own models
/// listen to its settings, and names such as `mine-like-gpt-oss-1` are others' models.
model_family family_of(std::string_view model);

enum class field_type : std::uint8_t { text, number, integer, choice };

/// When a changed value takes effect.
enum class field_phase : std::uint8_t {
  generation, ///< with the next request
  load,       ///< when the router that serves the model is started anew
};

/// One setting.
struct profile_field {
  std::string_view name;
  std::string_view label; ///< for people
  field_type type = field_type::text;
  double min = 0; ///< of numbers and integers; both bounds are allowed values
  double max = 0;
  double step = 0;
  std::span<const std::string_view> choices; ///< of a choice
  profile_value preset;                      ///< suggested; where none is stored none is sent
  field_phase phase = field_phase::generation;
  std::string_view description;
};

/// Bytes of a text at most.
inline constexpr std::size_t max_text_bytes = 64 * 1024;

/// The settings of a family, in the order in which people should see them.
std::span<const profile_field> fields_of(model_family family);

/// @returns null when the family has no such setting.
const profile_field* find_field(model_family family, std::string_view name);

/// The JSON text of `GET /models/{id}/schema`: `{"model","family","fields":[…],"notes":[…]}`. Bytes
/// of `model` that are no UTF-8 become U+FFFD.
std::string schema_json(std::string_view model);

/// A value that was refused.
struct value_fault {
  std::string field;
  std::string message; ///< a sentence that names the field
};

/// What an object of fields asks for.
struct value_changes {
  profile_values set;
  std::vector<std::string> unset; ///< fields that were `null`
};

/// Checks one value of one setting. Numbers without a fraction are integers, however they are
/// spelled; a boolean is no number; choices are taken in any case of letters. @returns the value as
/// it is stored, or why it will not do.
std::variant<profile_value, value_fault> read_value(const profile_field& field,
                                                    const nlohmann::json& value);

/// Checks an object of fields, of which `null` unsets one.
/// @returns all of it, or the first fault. Anything but an object is a fault without a field.
std::variant<value_changes, value_fault> read_values(model_family family,
                                                     const nlohmann::json& object);

/// The values as a JSON object.
nlohmann::json to_json(const profile_values& values);

/// What the gateway sends of a stored profile: into requests that leave it out, and (the fields of
/// the phase `load`) as arguments of the router. Nothing that is not stored is ever sent.
nlohmann::json sent_values(const profile_values& stored);

/// Every setting of the family with its preset: a suggestion for people, and where an editor
/// begins.
nlohmann::json family_defaults(model_family family);

} // namespace synapse::models
