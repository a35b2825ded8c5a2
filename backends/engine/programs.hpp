#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace synapse::backends {

/// The engines: Debian's programs, each run as a process of its own.
struct engine_programs {
  std::string flite = "flite";
  std::string espeak = "espeak-ng";
  std::string ffmpeg = "ffmpeg";
  std::string recognizer = "pocketsphinx_continuous";
  /// Holds the acoustic model en-us/, en-us.lm.bin and cmudict-en-us.dict.
  std::filesystem::path speech_model = "/usr/share/pocketsphinx/model/en-us";
  /// Parent of the temporary folders; empty: the system's.
  std::filesystem::path temporary;
  /// No program runs longer.
  std::chrono::milliseconds limit{600'000};
};

/// @returns a sentence for each program that is not there, with its Debian package.
/// @param names those of engine_programs that a service needs
std::vector<std::string> missing_programs(const std::vector<std::string>& names);

} // namespace synapse::backends
