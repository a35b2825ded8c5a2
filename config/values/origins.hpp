/// @file
/// Origins of web pages (RFC 6454), as browsers write them. Pure, any thread.
#pragma once

#include "config/values/values.hpp"

#include <string>
#include <string_view>

namespace synapse::config {

/// `scheme://host[:port]` in the one form that browsers send: small letters, no default port,
/// nothing behind it. Of text that says more (a path, capitals) the origin that is meant; nothing
/// for text that names none.
parsed<std::string> parse_origin(std::string_view text);

} // namespace synapse::config
