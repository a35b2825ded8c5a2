#pragma once

#include "backends/engine/programs.hpp"
#include "backends/engine/stop_signal.hpp"
#include "backends/speech/voices.hpp"

#include <string>
#include <string_view>

namespace synapse::backends {

/// What is to be spoken, and how.
struct speech_order {
  std::string text;
  std::string language = "en";
  voice_sound voice;
  double speed = 1;           ///< clipped to 0.25 to 4
  std::string format = "wav"; ///< wav, opus (in Ogg), mp3, flac, aac or pcm (bare samples)
};

/// Sample rate of all that is spoken.
inline constexpr unsigned speech_rate = 24000;

/// @returns true if there is anything in the text that can be pronounced.
bool is_speakable(std::string_view text);

/// @returns true if the language has a voice.
bool is_spoken(std::string_view language);

/// Speaks a text with flite (English) or espeak-ng (all other languages, and English text with
/// letters that flite does not know). Blocks.
/// @returns the encoded speech
/// @throws engine_error
std::string speak(const speech_order& order, const engine_programs& programs,
                  const stop_signal& stop);

} // namespace synapse::backends
