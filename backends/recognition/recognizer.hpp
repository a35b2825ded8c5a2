#pragma once

#include "backends/engine/media.hpp"
#include "backends/engine/programs.hpp"
#include "backends/engine/stop_signal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// One recognized word. Times in seconds from the begin of the recording.
struct heard_word {
  std::string text;
  double start = 0;
  double end = 0;
  double probability = 0;
};

/// What is said between two pauses. Never without words.
struct heard_segment {
  std::vector<heard_word> words;

  std::string text() const;
  double start() const { return words.front().start; }
  double end() const { return words.back().end; }
};

struct transcript {
  std::vector<heard_segment> segments;
  double duration = 0; ///< of the recording, in seconds

  /// @returns the segments with a blank between them.
  std::string text() const;

  /// @returns the mean probability of the words, 0 if there are none.
  double confidence() const;
};

/// @returns the transcript in what `pocketsphinx_continuous -time yes` prints. Fillers (silence,
/// noise) are left out, alternatives of pronunciation are merged; a pause begins a new segment.
std::vector<heard_segment> read_hypotheses(std::string_view printed);

/// Recognizes English speech with pocketsphinx. Blocks.
/// @param file of any format that ffmpeg reads
/// @throws engine_error
transcript recognize(const std::string& file, const engine_programs& programs,
                     const stop_signal& stop);

} // namespace synapse::backends
