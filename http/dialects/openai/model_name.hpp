/// @file
/// The name of the model in an answer.
#pragma once

#include <string>
#include <string_view>

namespace synapse::http::openai {

/// Appends `text`, JSON or events of it, to `out` with another value in the place of each member
/// `model` that has this one. Inside of texts its quotes would be escaped, so nothing that is said
/// is changed. @param from, to values as JSON has them, with quotes. Pure; any thread.
void append_renamed(std::string& out, std::string_view text, std::string_view from,
                    std::string_view to);

} // namespace synapse::http::openai
