/// @file
/// The voices that OpenAI's clients name by default (OpenAI API reference, "Create speech").
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace synapse::http::openai {

inline constexpr std::array<std::string_view, 13> stock_voices{
    "alloy", "ash",  "ballad", "coral", "echo",  "fable",  "marin",
    "nova",  "onyx", "sage",   "cedar", "verse", "shimmer"};

/// Other servers have none of that name; who names one wants any voice.
inline bool is_stock_voice(std::string_view name) noexcept {
  return std::find(stock_voices.begin(), stock_voices.end(), name) != stock_voices.end();
}

} // namespace synapse::http::openai
