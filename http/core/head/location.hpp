/// @file
/// References in a backend's answers that lead to the backend itself, which the client cannot reach
/// or must not know. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace synapse::http {

/// Appends a Location's value as one to the gateway: an absolute or scheme-relative URL whose
/// authority is the backend's becomes its path, query and fragment (RFC 9110 section 10.2.2 allows
/// a relative reference), without the base path, as the gateway's own paths are. A path that begins
/// with the base path loses it, too.
/// @param authority `host[:port]` of the backend. @returns false, with nothing appended, when the
/// reference leads elsewhere or is right as it is.
bool append_own_location(std::string& out, std::string_view reference, std::string_view authority,
                         std::string_view base_path);

} // namespace synapse::http
