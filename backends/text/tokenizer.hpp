#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// A token id that holds its own text, so that no vocabulary is needed and every text comes back
/// byte for byte: up to five letters with an optional blank before and capital first letter, or up
/// to four other ASCII characters, or one character beyond ASCII.
using token_id = std::int32_t;

/// Ids are below this number.
constexpr std::int64_t vocabulary_size = (1LL << 30) + 0x110000;

struct token {
  token_id id;
  std::string piece; ///< valid UTF-8 if the text was
};

/// @param text UTF-8; about four characters become one token.
std::vector<token> tokenize(std::string_view text);

/// @returns the text of one id, or nothing if it is no token.
std::optional<std::string> piece_of(std::int64_t id);

/// @returns the text of all ids, or nothing if one of them is no token.
std::optional<std::string> detokenize(const std::vector<std::int64_t>& ids);

} // namespace synapse::backends
