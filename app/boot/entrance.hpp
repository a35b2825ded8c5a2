/// @file
/// Where clients come in: the address, the listeners, their certificate.
#pragma once

#include "app/boot/engine.hpp"
#include "app/reload/listener_certificate.hpp"
#include "config/settings.hpp"
#include "http/server/connection/connection_limits.hpp"
#include "http/server/filters/origin_policy.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace synapse::app {

/// Address and port are those of the start for the life of the process. Main thread only. Outlives
/// the I/O threads.
class entrance {
public:
  /// @param first settings of the start. Both outlive this.
  entrance(const config::settings& first, spdlog::logger& say);

  /// Reads the certificate, if there has to be one. False when that fails; it was told why.
  bool read_certificate();
  /// Gives every thread its listener; they accept nothing yet. @param limits as of listener.
  /// @returns false when the address cannot be listened on; it was told why
  bool bind(engine& machine, server::connection_limits& limits);
  /// Clients are let in. @pre bind()
  void open(engine& machine);
  /// New connections get the certificate as it is on disk now. @param now settings in force.
  /// @param always even if it seems to be the one in use
  void renew_certificate(engine& machine, const config::settings& now, bool always);

  std::uint16_t port() const noexcept { return port_; }
  /// For people. @pre bind()
  std::string url() const;

private:
  std::optional<net::asio::ip::address> address() const;
  bool port_is_free() const;

  const config::settings& first_;
  spdlog::logger& say_;
  listener_certificate certificate_;
  tls_context tls_;
  std::optional<server::origin_policy> origins_; ///< made when the address is known
  std::uint16_t port_ = 0;
};

/// Writes the port for others to read, whole or not at all. @returns false when that failed
bool write_port_file(const std::string& path, std::uint16_t port);

} // namespace synapse::app
