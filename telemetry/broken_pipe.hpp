/// @file
#pragma once

#include <csignal>

namespace synapse::telemetry {

/// Lets writes to a pipe that nobody reads fail instead of ending the process: losing the reader of
/// a log must not stop the gateway. Leaves a handler that the program installed itself.
inline void ignore_broken_pipes() {
  struct sigaction current {};
  if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL)
    ::signal(SIGPIPE, SIG_IGN);
}

} // namespace synapse::telemetry
