#pragma once

#include "backends/llama/api.hpp"

#include <string>

namespace synapse::backends {

/// Makes a JSON value that fits a JSON schema: constants, first enum members, smallest numbers, and
/// `text` for every free string. Not every keyword is looked at; nesting deeper than 8 gives null.
json sample_from_schema(const json& schema, const std::string& text);

} // namespace synapse::backends
