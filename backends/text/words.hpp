#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// Splits text into lower-case words: letters, digits and everything beyond ASCII. Words joined by
/// `_`, `-`, `.` or a change of case (`splitLike_this`) come out as their parts.
std::vector<std::string> split_words(std::string_view text);

/// Takes the common English endings off a lower-case word (`loading` and `loads` become `load`).
std::string stem(std::string_view word);

/// @returns true for English words that say nothing about a topic.
bool is_stop_word(std::string_view word);

/// split_words() and stem() in one, without the stop words.
std::vector<std::string> key_terms(std::string_view text);

} // namespace synapse::backends
