/// @file
/// Internal: base64 as JSON has it (RFC 4648 section 4, with its padding).
#pragma once

#include <string>
#include <string_view>

namespace synapse::http::detail {

/// Appends the base64 of `bytes`.
void append_base64(std::string& out, std::string_view bytes);
/// Appends the bytes that `text` stands for. @returns false when it is no base64; nothing is
/// appended then
bool append_decoded(std::string& out, std::string_view text);

} // namespace synapse::http::detail
