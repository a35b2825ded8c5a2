#pragma once

#include "backends/engine/stop_signal.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace synapse::backends {

/// A program to run: no shell, nothing inherited but the environment.
struct program_call {
  std::string program; ///< a path
  std::vector<std::string> arguments;
  std::chrono::milliseconds limit{600'000};
  std::size_t largest_output = 1024UL * 1024 * 1024; ///< bytes on standard output
};

/// How a program ended.
struct program_result {
  enum class ending { exited, signaled, not_started, stopped, too_long, too_much };

  ending how = ending::not_started;
  int status = 0;         ///< exit status, signal number or errno
  std::string output;     ///< standard output
  std::string complaints; ///< the last of standard error

  bool good() const { return how == ending::exited && status == 0; }

  /// @returns why it is not good, in a few words, e.g. `ended with status 1: no such voice`.
  std::string reason() const;
};

/// Runs a program to its end, with an empty standard input. When `stop` is raised, the limit has
/// passed or the output is too large, the program and its children are killed. Blocks.
program_result run_program(const program_call& call, const stop_signal& stop);

/// @returns the path of an executable, looked for in PATH unless `name` has a slash; empty: none.
std::string find_program(const std::string& name);

} // namespace synapse::backends
