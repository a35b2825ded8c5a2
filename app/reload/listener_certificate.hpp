/// @file
/// The listener's certificate, which may be another one on disk than in use.
#pragma once

#include "app/tls_contexts.hpp"
#include "config/settings.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace synapse::app {

/// Whether there is TLS at all does not change while the gateway runs. One thread.
class listener_certificate {
public:
  explicit listener_certificate(config::listener_tls_settings at_start)
      : at_start_(std::move(at_start)) {}

  /// Of the start. Null with `problem` set when files cannot be used. @pre TLS is enabled
  tls_context read(std::string& problem);
  /// The one on disk. Null when it is the one in use, when there is no TLS, and with `problem` set
  /// when files cannot be used. @param now settings in force; those of the start where they have
  /// none. @param always even if it seems to be the one in use
  tls_context renewed(const config::listener_tls_settings& now, bool always, std::string& problem);

private:
  const config::listener_tls_settings at_start_;
  std::pair<std::int64_t, std::int64_t> stamp_; ///< of the file that was read last
};

} // namespace synapse::app
