/// @file
/// How many client connections there may be, and of whom.
#pragma once

#include "app/boot/instruments.hpp"
#include "config/settings.hpp"
#include "http/server/connection/connection_limits.hpp"

#include <cstddef>
#include <string>

namespace synapse::app {

/// Main thread only, except `limits()`.
class connection_budget {
public:
  /// Has the process open as many files as it may. @param tools outlives this
  explicit connection_budget(instruments& tools);

  /// From now on, on `threads` I/O threads. Tells when fewer fit than are wanted.
  void set(const config::settings& settings, unsigned threads);
  /// What the listeners ask.
  server::connection_limits& limits() noexcept { return limits_; }

private:
  spdlog::logger& say_;
  server::connection_limits limits_;
  std::size_t descriptors_; ///< that the process may have open
  std::string told_;
};

} // namespace synapse::app
