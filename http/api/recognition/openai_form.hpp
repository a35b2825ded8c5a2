/// @file
/// The form of /v1/audio/transcriptions and /v1/audio/translations.
#pragma once

#include "http/api/forms/upload_form.hpp"
#include "http/dialects/openai/audio/transcription.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace synapse::api {

/// A language that Whisper knows, as a code or a name; empty: it finds out.
field_fault check_spoken_language(std::string_view value);

/// Its fields, as whisper-stt is asked. What that has no use for (`prompt`, `temperature`,
/// `include[]` …) is taken and left.
std::span<const form_field> openai_fields() noexcept;
/// For a name of the catalog: with what other backends have use for.
std::span<const form_field> named_fields() noexcept;
/// Likewise, for backends that speak OpenAI's dialect and check for themselves.
std::span<const form_field> unchecked_fields() noexcept;

http::openai::transcription_wishes wishes_of(const upload_form& form);
/// What is wrong with a whole form.
std::optional<refusal> fault_of(const upload_form& form);
/// What whisper-stt gets besides the file.
http::form_fields openai_form(const upload_form& form, std::optional<refusal>& why);

} // namespace synapse::api
