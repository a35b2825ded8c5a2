/// @file
/// Errors in Anthropic's form: `{"type":"error","error":{"type","message"},"request_id"}`.
#pragma once

#include <string>
#include <string_view>

namespace synapse::http::anthropic {

/// The type that their clients know for a status of HTTP.
std::string_view error_type_of(unsigned status) noexcept;
/// The status that belongs to a type of theirs; 0: unknown.
unsigned status_of_type(std::string_view type) noexcept;

/// Appends the error object of one line. @param request_id empty: left out
void append_error(std::string& out, unsigned status, std::string_view message,
                  std::string_view request_id);

/// The same of an error in OpenAI's form, or whatever a backend has sent in an error's place.
void append_error_of(std::string& out, unsigned status, std::string_view body,
                     std::string_view request_id);

/// An error of theirs in OpenAI's form. @param body anything: what is no such error is the message
std::string openai_error_of(std::string_view body);

} // namespace synapse::http::anthropic
