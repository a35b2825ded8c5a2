/// @file
/// What a service manager is told: systemd's protocol for services of Type=notify.
#pragma once

#include "config/environment.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace synapse::app {

/// Sends datagrams to $NOTIFY_SOCKET; does nothing where that is not set, and nothing that a
/// manager who does not listen could hold up. Any thread.
class service_manager {
public:
  explicit service_manager(const config::environment& variables);

  /// The gateway takes requests, with the configuration that it has now.
  void ready(std::string_view status) const;
  /// It reads its configuration anew; ready() ends that.
  void reloading() const;
  /// It ends, which takes `at_most`, even where the manager's own patience is shorter.
  void stopping(std::chrono::milliseconds at_most) const;

private:
  void send(const std::string& state) const;

  std::string socket_; ///< path, or @ and a name without a file; empty: nobody is there
};

} // namespace synapse::app
