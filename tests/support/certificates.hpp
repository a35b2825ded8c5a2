/// @file
/// Throw-away certificates, made with the openssl program.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>

namespace synapse::support {

/// PEM files.
struct key_pair {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// Signs certificates into a directory that exists. Throws std::runtime_error when openssl fails.
class certificate_authority {
public:
  /// @param name file name and common name of the authority.
  certificate_authority(std::filesystem::path directory, const std::string& name);
  const std::filesystem::path& certificate() const noexcept { return own_.certificate; }
  /// @param alternative_names e.g. "IP:127.0.0.1,DNS:localhost"
  key_pair issue(const std::string& common_name, const std::string& alternative_names) const;

private:
  std::filesystem::path directory_;
  key_pair own_;
};

struct ssl_context_deleter {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using ssl_context = std::unique_ptr<SSL_CTX, ssl_context_deleter>;

/// For a server with this certificate. @param client_authority if not empty, clients have to show a
/// certificate of it.
ssl_context server_context(const key_pair& pair,
                           const std::filesystem::path& client_authority = {});

} // namespace synapse::support
