/// @file
/// The name of the model in an answer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace synapse::http::openai {

/// Appends `text`, JSON or events of it, to `out` with another value in the place of each member
/// `model` that has this one. Inside of texts its quotes would be escaped, so nothing that is said
/// is changed. @param from, to values as JSON has them, with quotes. Pure; any thread.
void append_renamed(std::string& out, std::string_view text, std::string_view from,
                    std::string_view to);

/// The same in the place where it lies, of a text whose end has not come yet. Costs a search for
/// the member's name, and moves what lies behind a value that is replaced.
/// @returns bytes from the beginning that nothing further can change. The rest, which may be the
/// beginning of such a member (its name, its value, and at most 64 blanks between them), has to
/// stand in front of what comes next. Behind the end of the text it is what it is.
std::size_t rename_in_place(std::string& text, std::string_view from, std::string_view to);

} // namespace synapse::http::openai
