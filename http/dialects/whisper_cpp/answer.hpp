/// @file
/// What whisper.cpp's server answers: transcriptions, and troubles in several forms.
#pragma once

#include "http/dialects/transcript.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::whisper_cpp {

/// Bounds of what is taken from an answer. A day of speech has some 10 MiB.
inline constexpr std::size_t max_answer_bytes = 64 * 1024 * 1024;
inline constexpr std::size_t max_segments = 200'000;
inline constexpr std::size_t max_words = 2'000'000;

/// Its verbose_json, or a json that has the text alone. Its text has a line for each segment: the
/// transcript's is put together from the segments (see segment_joiner).
/// @returns nothing with `problem` set, which goes on after "backend NAME: ".
std::optional<transcript> parse_transcript(std::string_view text, std::string& problem);

/// What its server calls a word, which is a piece of one: Whisper's token.
using token = transcript_word;

/// Words of a segment's tokens. Characters of which a token has a part only are unreadable in it
/// (U+FFFD); the word has them from the segment's text.
std::vector<transcript_word> words_of(std::string_view segment_text,
                                      const std::vector<token>& tokens);

/// An answer that is no success.
struct trouble {
  unsigned status = 502; ///< for the client
  std::string text;      ///< goes on after "backend NAME: "
};
/// Reads one. The server writes JSON and then puts plain texts in place of most of it.
trouble read_trouble(unsigned status, std::string_view body);

} // namespace synapse::http::whisper_cpp
