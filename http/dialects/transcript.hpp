/// @file
/// What a recording says, as backends tell it and as clients are told.
#pragma once

#include <string>
#include <vector>

namespace synapse::http {

struct transcript_word {
  std::string word; ///< with the blank in front of it, if there is one
  double start = 0; ///< seconds
  double end = 0;
  double probability = 0; ///< 0 to 1; 0: not told
};

struct transcript_segment {
  std::string text;
  double start = 0; ///< seconds
  double end = 0;
  std::vector<transcript_word> words;
};

struct transcript {
  std::string text;
  std::string language; ///< code
  double duration = 0;  ///< seconds
  std::vector<transcript_segment> segments;
};

} // namespace synapse::http
