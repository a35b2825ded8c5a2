/// @file
/// What Chatterbox's multilingual model speaks.
#pragma once

#include "http/dialects/language.hpp"

namespace synapse::http::chatterbox {

std::span<const language> languages() noexcept;

} // namespace synapse::http::chatterbox
