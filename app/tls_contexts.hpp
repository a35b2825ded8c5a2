/// @file
/// TLS contexts from settings. Problems are told as text; secrets and file contents never are.
#pragma once

#include "config/settings.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace synapse::app {

using tls_context = std::shared_ptr<boost::asio::ssl::context>;

/// For the listener: TLS 1.2 and up. Null with `problem` set when files cannot be used.
tls_context make_server_context(const config::listener_tls_settings& settings,
                                std::string& problem);

/// For a backend; null for plain HTTP. When files cannot be used, `problem` says so and the context
/// trusts nobody or has no certificate: connections fail instead of going out in the clear.
tls_context make_client_context(const config::backend_settings& settings, std::string& problem);

/// For a server that is trusted if an authority in `ca_file` (PEM) has signed its certificate, and
/// no other one. Null with `problem` set when the file cannot be used.
tls_context make_authority_context(const std::string& ca_file, std::string& problem);

/// The backend's own key from its file or environment variable, without surrounding white space.
std::string read_bearer(const config::backend_settings& settings, std::string& problem);

} // namespace synapse::app
