#include "http/dialects/segment_joiner.hpp"

#include "http/core/json/utf8.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace synapse::http {

namespace {
constexpr std::string_view blank_characters = " \t\r\n";

struct script_range {
  char32_t first, last;
};
constexpr std::array<script_range, 13> unspaced_scripts{{
    {0x0e00, 0x0e7f},   // Thai
    {0x0e80, 0x0eff},   // Lao
    {0x0f00, 0x0fff},   // Tibetan
    {0x1000, 0x109f},   // Myanmar
    {0x1780, 0x17ff},   // Khmer
    {0x19e0, 0x19ff},   // its symbols
    {0x2e80, 0x312f},   // radicals, ideographic punctuation, kana, bopomofo
    {0x3190, 0x9fff},   // more bopomofo, kana and Han; without the jamo of Korean
    {0xa9e0, 0xa9ff},   // Myanmar
    {0xaa60, 0xaa7f},   // Myanmar
    {0xf900, 0xfaff},   // Han
    {0xff01, 0xff9f},   // full-width forms and half-width kana
    {0x1b000, 0x3ffff}, // older kana, Han; emoji stand between them and are spaced, see below
}};
constexpr script_range pictographs{0x1f000, 0x1faff};

/// The character that well-formed UTF-8 begins with; 0 for what is none.
char32_t first_character(std::string_view text) {
  const auto length = text.empty() ? 0 : detail::utf8_length(text);
  if (length == 0)
    return 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  char32_t character = length == 1 ? byte(0) : byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i)
    character = character << 6 | (byte(i) & 0x3fU);
  return character;
}

char32_t last_character(std::string_view text) {
  auto begin = text.size();
  while (begin > 0 && (static_cast<unsigned char>(text[--begin]) & 0xc0) == 0x80) {
  }
  return first_character(text.substr(begin));
}

bool begins_blank(std::string_view text) {
  return !text.empty() && blank_characters.find(text.front()) != std::string_view::npos;
}

/// Whether the backend's words bring their blanks with them, so that one without means something.
bool words_have_blanks(const transcript_segment& segment) {
  return std::any_of(segment.words.begin(), segment.words.end(), [](const transcript_word& one) {
    return begins_blank(one.word) || one.word.ends_with(' ');
  });
}
} // namespace

bool is_unspaced(char32_t c) noexcept {
  if (c >= pictographs.first && c <= pictographs.last)
    return false;
  return std::any_of(unspaced_scripts.begin(), unspaced_scripts.end(),
                     [&](const script_range& one) { return c >= one.first && c <= one.last; });
}

std::string segment_joiner::add(const transcript_segment& segment) {
  std::string_view said = segment.text;
  const auto begin = said.find_first_not_of(blank_characters);
  if (begin == std::string_view::npos) {
    blanks_ += said;
    return {};
  }
  const auto end = said.find_last_not_of(blank_characters) + 1;
  auto piece = std::exchange(blanks_, {});
  piece += said.substr(0, begin);
  blanks_ = said.substr(end);
  said = said.substr(begin, end - begin);
  if (text_.empty()) {
    piece.clear(); // Whisper's text begins with a blank that belongs to nothing
  } else if (piece.empty()) {
    const bool blank = words_have_blanks(segment) ? begins_blank(segment.words.front().word)
                                                  : !is_unspaced(last_character(text_)) &&
                                                        !is_unspaced(first_character(said));
    piece = blank ? " " : "";
  }
  piece += said;
  text_ += piece;
  return piece;
}

} // namespace synapse::http
