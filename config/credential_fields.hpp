/// @file
/// HTTP fields in which clients send keys: the one list of them. A head that goes to a backend, the
/// log's redaction and the tests take it from here.
#pragma once

#include <array>
#include <string_view>

namespace synapse::config {

/// In lower case. `authorization` and `cookie` are RFC 9110's and RFC 6265's, the others those of
/// OpenAI's peers and of the gateways that stand before them.
inline constexpr std::array<std::string_view, 11> credential_field_names{
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",                 // Anthropic
    "api-key",                   // Azure OpenAI
    "x-goog-api-key",            // Gemini
    "ocp-apim-subscription-key", // Azure API Management
    "xi-api-key",                // ElevenLabs
    "x-auth-token",
    "x-access-token",
    "x-amz-security-token", // AWS
};

} // namespace synapse::config
