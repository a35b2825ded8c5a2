/// @file
/// The text of a transcription that comes in segments.
#pragma once

#include "http/dialects/transcript.hpp"

#include <string>

namespace synapse::http {

/// Puts segments together to the text that the backend has, piece by piece: the pieces of all
/// segments, one after the other, are the text. Nothing else decides about it, so that a stream is
/// the same however it came about.
///
/// What stands between two segments is what the backend says: blanks of their own, or else the one
/// that the first of a segment's words has or has not (faster-whisper's words bring theirs). Where
/// it says neither, because it has trimmed them (whisper-stt does, and joins with a blank), a blank
/// is put between them unless one of both ends is of a script that has none between words.
class segment_joiner {
public:
  /// @returns what the segment adds to the text; blanks at its end come with the next one.
  std::string add(const transcript_segment& segment);

  const std::string& text() const noexcept { return text_; }

private:
  std::string text_;
  std::string blanks_; ///< behind the text, to be said when more follows
};

/// Whether words of this character's script stand next to each other without blanks: Han, kana,
/// bopomofo, Thai, Lao, Khmer, Myanmar, Tibetan and their punctuation (Unicode 15, Scripts.txt).
bool is_unspaced(char32_t character) noexcept;

} // namespace synapse::http
