/// @file
/// Where the value of a secret's name ends. Only for the secret scanner.
#pragma once

#include "telemetry/secret_scanner.hpp"

#include <cstddef>
#include <string_view>

namespace synapse::telemetry::scan {

struct quotation {
  std::size_t length = 0; ///< 0: no quote here; 2: a quote inside quoted text, `\"`
  char mark = 0;
};

/// The quote at `index`, if there is one.
quotation quote_at(std::string_view line, std::size_t index);

/// The end of a value without quotes that begins at `begin`.
std::size_t bare_end(std::string_view line, std::size_t begin);

enum class value_kind {
  plain,
  cookie,       ///< may go on behind `; `
  authorization ///< has a scheme in front
};

/// The value that begins at `begin`, without its quotes; may be empty.
secret_range value_range(std::string_view line, std::size_t begin, value_kind kind);

} // namespace synapse::telemetry::scan
