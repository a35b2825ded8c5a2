/// @file
/// Fields of requests that OpenAI itself knows, and requests without any other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http::openai {

enum class endpoint : std::uint8_t { chat, completions, embeddings };

/// Whether a top level field of that name is in OpenAI's own request
/// (platform.openai.com/docs/api-reference). Pure; any thread.
bool is_known_field(endpoint of, std::string_view name) noexcept;

/// Whether the top level of the body has a field that OpenAI's own request has not got. @param body
/// one that `inspect_json` has accepted; of another one the answer means nothing
bool has_foreign_fields(endpoint of, std::string_view body);

/// @returns the body without such fields; all other bytes stay as they are. Pure; any thread.
std::string without_foreign_fields(endpoint of, std::string_view body);

} // namespace synapse::http::openai
