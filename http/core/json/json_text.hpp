/// @file
/// JSON values from texts that others have made, and texts from values.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace synapse::http {

/// A backend's JSON; null when it is none, or nested deeper than anybody would.
nlohmann::ordered_json parse_json(const std::string& text);

/// JSON text of a value; bytes that are no UTF-8 become U+FFFD.
std::string dump(const nlohmann::ordered_json& value);

} // namespace synapse::http
