#pragma once

#include "backends/recognition/recognizer.hpp"

#include <string>

namespace synapse::backends {

/// @returns a transcript as SubRip.
std::string to_srt(const transcript& heard);

/// @returns a transcript as WebVTT, with its head.
std::string to_vtt(const transcript& heard);

} // namespace synapse::backends
