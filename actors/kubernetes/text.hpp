/// @file
/// Words of others inside of our sentences. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace synapse::kubernetes {

/// What somebody else has said, fit for one line of a log or an answer: control characters, line
/// ends and runs of blanks become one blank; what is not UTF-8 becomes '?'; cut behind `max` bytes,
/// marked by "…".
std::string quoted_text(std::string_view text, std::size_t max = 400);

/// `text` with every occurrence of `secret` replaced by [REDACTED]; an empty secret hides nothing.
std::string without(std::string text, std::string_view secret);

} // namespace synapse::kubernetes
