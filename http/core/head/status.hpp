/// @file
/// Status codes' standard reason phrases.
#pragma once

#include <string_view>

namespace synapse::http {

/// The phrase of RFC 9110 section 15 ("Not Found"); "Unknown" for a code without one.
std::string_view reason_phrase(unsigned status) noexcept;

} // namespace synapse::http
