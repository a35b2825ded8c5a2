/// @file
/// Names of HTTP fields.
#pragma once

#include <string_view>
#include <strings.h>

namespace synapse::support {

/// @returns true if both name the same field: upper and lower case are one (RFC 9110, 5.1).
inline bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace synapse::support
