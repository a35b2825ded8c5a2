/// @file
/// Internal: the system messages of a chat, and the line in them that says how hard to think.
#pragma once

#include "http/dialects/openai/chat_edit.hpp"

#include <string_view>

namespace synapse::http::detail {

/// Begins the line by which gpt-oss is told its effort (OpenAI's harmony format).
inline constexpr std::string_view reasoning_label = "Reasoning:";

/// The first message of the role `system` or `developer`; null: there is none.
const chat_message* find_system_message(std::string_view body, const chat_view& view);

/// Whether a line of the text begins with the label, in any case of letters.
bool has_reasoning_line(std::string_view text);
/// Whether any system or developer message has such a line.
bool has_reasoning_line(std::string_view body, const chat_view& view);

} // namespace synapse::http::detail
