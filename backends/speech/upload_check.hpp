#pragma once

#include "backends/engine/programs.hpp"
#include "backends/engine/stop_signal.hpp"

#include <string>

namespace synapse::backends {

/// The longest recording of a voice to clone, in seconds.
inline constexpr double longest_reference = 30;

/// What is known of a recording of a voice.
struct checked_reference {
  std::string problem; ///< why it cannot be used; empty: it can
  double pitch = 0;    ///< median fundamental frequency in Hz, 0: no voice in it
};

/// Reads a recording. Blocks.
checked_reference check_reference(const std::string& path, const engine_programs& programs,
                                  const stop_signal& stop);

/// @returns why a file of that name is not taken, or nothing.
std::string upload_name_problem(const std::string& filename, const std::string& sanitized);

} // namespace synapse::backends
