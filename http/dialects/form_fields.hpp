/// @file
/// Fields of forms: those that a backend gets besides its files, and how texts are read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::http {

/// Names and values, in the order in which they are written.
using form_fields = std::vector<std::pair<std::string, std::string>>;

/// Whether it is one of the texts that web frameworks take for true.
bool is_true(std::string_view value) noexcept;
/// The same for false.
bool is_false(std::string_view value) noexcept;
/// @returns the number, or nothing when the text is no decimal number of up to nine digits.
std::optional<long> whole_number(std::string_view value) noexcept;

} // namespace synapse::http
