#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// How a voice sounds: a voice of an engine, higher or lower than it is by nature.
struct voice_sound {
  std::string flite;   ///< slt, rms, awb, kal16
  std::string variant; ///< of espeak-ng, e.g. `f2`
  double pitch = 1;    ///< factor of the fundamental frequency
  double hz = 0;       ///< the fundamental frequency to have instead, 0: as the factor makes it
};

/// One of the voices that Chatterbox ships, as this backend speaks it.
struct predefined_voice {
  std::string_view name; ///< the file is `<name>.wav`
  std::string_view flite;
  std::string_view variant;
  double pitch;
};

/// @returns all predefined voices, by name.
const std::vector<predefined_voice>& predefined_voices();

/// @returns the sound of a predefined voice's file, e.g. `Alice.wav`; null: there is none.
const predefined_voice* find_predefined(std::string_view filename);

/// @returns the engine's voice that is nearest to a fundamental frequency, to be shifted to it.
/// @param hz 0: not known, then an ordinary voice as it is
voice_sound nearest_voice(double hz);

/// A language that can be spoken.
struct spoken_language {
  std::string_view code; ///< ISO 639-1
  std::string_view name;
  std::string_view espeak; ///< voice of espeak-ng
};

/// @returns the 23 languages of Chatterbox' multilingual model.
const std::array<spoken_language, 23>& spoken_languages();

} // namespace synapse::backends
