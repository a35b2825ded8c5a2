#include "backends/speech/upload_check.hpp"

#include "backends/dsp/pitch.hpp"
#include "backends/engine/media.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace synapse::backends {

checked_reference check_reference(const std::string& path, const engine_programs& programs,
                                  const stop_signal& stop) {
  checked_reference out;
  try {
    auto recording = media(programs, stop).decode(path, 16000);
    if (recording.samples.empty()) {
      out.problem = "Audio file is empty.";
    } else if (recording.seconds() > longest_reference) {
      char text[80];
      std::snprintf(text, sizeof(text), "Audio duration (%.2fs) exceeds maximum allowed (%.0fs).",
                    recording.seconds(), longest_reference);
      out.problem = text;
    } else {
      out.pitch = median_pitch(recording);
    }
  } catch (const engine_error& error) {
    out.problem = std::string("Could not read audio file: ") + error.what();
  }
  return out;
}

std::string upload_name_problem(const std::string& filename, const std::string& sanitized) {
  if (filename.empty())
    return "File received with no filename.";
  auto lower = sanitized;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!lower.ends_with(".wav") && !lower.ends_with(".mp3"))
    return "Invalid file type. Only .wav and .mp3 are allowed.";
  return {};
}

} // namespace synapse::backends
