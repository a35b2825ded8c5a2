/// @file
/// YAML → JSON, for fields that are filled into requests.
#pragma once

#include "config/litellm/text/context.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace synapse::config::litellm {

/// At most this much JSON of one value: aliases let a short file say long things.
inline constexpr std::size_t max_json = 64 * 1024;

struct json_text {
  std::string text;
  bool from_environment = false; ///< a part of it is a variable's value
};

/// The value as compact JSON. What is a number, true, false or null is told by its looks, unless
/// it stood in quotes. `os.environ/NAME` becomes the variable's value. Nothing when it is too long
/// or no UTF-8, which was reported.
std::optional<json_text> json_of(const spot& at, context& say);

/// `text` as a JSON string.
std::string json_string(std::string_view text);

/// Whether `text` is a number as JSON writes it.
bool is_json_number(std::string_view text);

/// Whether `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

} // namespace synapse::config::litellm
