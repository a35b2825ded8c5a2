/// @file
/// Whether a backend can speak as it is wished, as far as its lists tell. Plain functions.
#pragma once

#include "http/api/deployments/deployment_dress.hpp"
#include "http/api/speech/speech_request.hpp"
#include "http/api/speech/voice_lists.hpp"
#include "http/dialects/speaches/request.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace synapse::api {

/// @param has what the backend can make @returns why it cannot be asked
std::optional<refusal> check_format(std::string_view wished, std::span<const std::string_view> has,
                                    std::string_view backend);

/// Whether the voice is one of its own names.
bool piper_lists(const voice_facts& facts, std::string_view voice);
/// Whether it can speak with the voice, which may mean any.
bool piper_has(const voice_facts& facts, const named_speech& wish);
/// @param into what it is asked @returns why it cannot be asked
std::optional<refusal> settle_piper(const voice_facts& facts, const named_speech& wish,
                                    const attempt_place& where, http::piper::speech& into);

// The same of a Speaches, where models have voices. A model that is not listed is an alias, or is
// not installed: the backend itself says which.
bool speaches_lists(const voice_facts& facts, std::string_view model, std::string_view voice);
bool speaches_has(const voice_facts& facts, std::string_view model, const named_speech& wish);
std::optional<refusal> settle_speaches(const voice_facts& facts, const named_speech& wish,
                                       const attempt_place& where, http::speaches::speech& into);

} // namespace synapse::api
