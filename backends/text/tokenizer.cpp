#include "backends/text/tokenizer.hpp"

#include <algorithm>

namespace synapse::backends {

namespace {

constexpr std::int64_t letters_tag = 1LL << 29;
constexpr std::int64_t wide_tag = 1LL << 30;
constexpr std::int64_t blank_bit = 1LL << 25;
constexpr std::int64_t capital_bit = 1LL << 26;
constexpr std::size_t letters_per_token = 5;
constexpr std::size_t ascii_per_token = 4;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_plain_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80 && c != '\0';
}

// Length of the letters from `at` that fit one token: a capital only in the first place.
std::size_t letter_run(std::string_view text, std::size_t at) {
  std::size_t length = 0;
  while (length < letters_per_token && at + length < text.size() && is_letter(text[at + length]) &&
         (length == 0 || !is_capital(text[at + length])))
    ++length;
  return length;
}

token letters_token(std::string_view piece) {
  std::int64_t id = letters_tag;
  auto letters = piece;
  if (letters.front() == ' ') {
    id |= blank_bit;
    letters.remove_prefix(1);
  }
  if (is_capital(letters.front()))
    id |= capital_bit;
  for (std::size_t i = 0; i < letters.size(); ++i)
    id |= static_cast<std::int64_t>((letters[i] | 0x20) - 'a' + 1) << (5 * i);
  return {static_cast<token_id>(id), std::string(piece)};
}

token ascii_token(std::string_view piece) {
  std::int64_t id = 0;
  for (std::size_t i = 0; i < piece.size(); ++i)
    id |= static_cast<std::int64_t>(piece[i]) << (7 * i);
  return {static_cast<token_id>(id), std::string(piece)};
}

// Characters of one kind stay together: digits, blanks, marks.
std::size_t ascii_run(std::string_view text, std::size_t at) {
  auto kind = [](char c) { return is_digit(c) ? 1 : (c == ' ' || c == '\n' || c == '\t') ? 2 : 3; };
  std::size_t length = 1;
  while (length < ascii_per_token && at + length < text.size() &&
         is_plain_ascii(text[at + length]) && !is_letter(text[at + length]) &&
         kind(text[at + length]) == kind(text[at]))
    ++length;
  return length;
}

// Decodes one character; a byte that starts none counts as a character of its own (U+DC00 + byte,
// which no valid text holds).
std::pair<std::int64_t, std::size_t> decode(std::string_view text, std::size_t at) {
  auto byte = static_cast<unsigned char>(text[at]);
  std::size_t length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 0;
  if (length == 1)
    return {byte, 1};
  if (length == 0 || at + length > text.size())
    return {0xDC00 + byte, 1};
  std::int64_t point = byte & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0) != 0x80)
      return {0xDC00 + byte, 1};
    point = (point << 6) | (next & 0x3F);
  }
  return {point, length};
}

std::string encode(std::int64_t point) {
  if (point >= 0xDC80 && point <= 0xDCFF)
    return std::string(1, static_cast<char>(point - 0xDC00));
  std::string out;
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
  return out;
}

} // namespace

std::vector<token> tokenize(std::string_view text) {
  std::vector<token> out;
  out.reserve(text.size() / 3 + 1);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t blank = text[at] == ' ' ? 1 : 0;
    auto letters = letter_run(text, at + blank);
    if (letters > 0) {
      out.push_back(letters_token(text.substr(at, blank + letters)));
      at += blank + letters;
    } else if (is_plain_ascii(text[at])) {
      auto length = ascii_run(text, at);
      // The blank before a word belongs to the word.
      if (length > 1 && text[at + length - 1] == ' ' && letter_run(text, at + length) > 0)
        --length;
      out.push_back(ascii_token(text.substr(at, length)));
      at += length;
    } else {
      auto [point, length] = decode(text, at);
      out.push_back(
          {static_cast<token_id>(wide_tag + point), std::string(text.substr(at, length))});
      at += length;
    }
  }
  return out;
}

std::optional<std::string> piece_of(std::int64_t id) {
  if (id <= 0 || id >= vocabulary_size)
    return std::nullopt;
  if (id >= wide_tag)
    return encode(id - wide_tag);
  std::string out;
  if (id < letters_tag) {
    for (; id > 0; id >>= 7) {
      if ((id & 0x7F) == 0)
        return std::nullopt;
      out += static_cast<char>(id & 0x7F);
    }
    return out.size() <= ascii_per_token ? std::optional(out) : std::nullopt;
  }
  if (id & blank_bit)
    out += ' ';
  bool capital = (id & capital_bit) != 0;
  for (auto rest = id & (blank_bit - 1); rest > 0; rest >>= 5) {
    auto letter = rest & 31;
    if (letter < 1 || letter > 26)
      return std::nullopt;
    out += static_cast<char>((capital ? 'A' : 'a') + letter - 1);
    capital = false;
  }
  return out.empty() || out == " " ? std::nullopt : std::optional(out);
}

std::optional<std::string> detokenize(const std::vector<std::int64_t>& ids) {
  std::string out;
  for (auto id : ids) {
    auto piece = piece_of(id);
    if (!piece)
      return std::nullopt;
    out += *piece;
  }
  return out;
}

} // namespace synapse::backends
