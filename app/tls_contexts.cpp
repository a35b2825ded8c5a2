#include "app/tls_contexts.hpp"

#include "config/text/file_text.hpp"

#include <openssl/ssl.h>

#include <cstdlib>

namespace synapse::app {

namespace {
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

bool use_certificate(ssl::context& context, const std::string& certificate, const std::string& key,
                     std::string& problem) {
  error_code ec;
  context.use_certificate_chain_file(certificate, ec);
  if (ec) {
    problem = "cannot use the certificate " + certificate + ": " + ec.message();
    return false;
  }
  context.use_private_key_file(key, ssl::context::pem, ec);
  if (ec) {
    problem = "cannot use the key " + key + ": " + ec.message();
    return false;
  }
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
    problem = "the key " + key + " does not belong to the certificate " + certificate;
    return false;
  }
  return true;
}

constexpr std::size_t largest_key = 16 * 1024;
} // namespace

tls_context make_server_context(const config::listener_tls_settings& settings,
                                std::string& problem) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_compression);
  if (!use_certificate(*context, settings.certificate, settings.key, problem))
    return nullptr;
  return context;
}

tls_context make_client_context(const config::backend_settings& settings, std::string& problem) {
  if (!settings.url.tls)
    return nullptr;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code ec;
  if (settings.tls.ca_file.empty())
    context->set_default_verify_paths(ec);
  else
    context->load_verify_file(settings.tls.ca_file, ec);
  if (ec)
    problem = "cannot read trusted certificates" +
              (settings.tls.ca_file.empty() ? std::string{} : " from " + settings.tls.ca_file) +
              ": " + ec.message();
  // Without them every handshake would fail: the context is made all the same, so that requests
  // fail by name instead of going out in the clear.
  if (!settings.tls.certificate.empty())
    use_certificate(*context, settings.tls.certificate, settings.tls.key, problem);
  return context;
}

tls_context make_authority_context(const std::string& ca_file, std::string& problem) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code ec;
  context->load_verify_file(ca_file, ec);
  if (!ec)
    return context;
  problem = "cannot read trusted certificates from " + ca_file + ": " + ec.message();
  return nullptr;
}

std::string read_bearer(const config::backend_settings& settings, std::string& problem) {
  const auto& authorization = settings.authorization;
  std::string key;
  if (!authorization.bearer_env.empty()) {
    const char* value = std::getenv(authorization.bearer_env.c_str());
    if (!value)
      problem = "the environment variable " + authorization.bearer_env + " is not set";
    else
      key = config::trimmed(value);
  } else if (!authorization.bearer_file.empty()) {
    if (const auto file = config::read_file(authorization.bearer_file, largest_key); !file)
      problem = "cannot read " + authorization.bearer_file;
    else if (key = config::trimmed(file->text); key.empty())
      problem = "there is no key in " + authorization.bearer_file;
    else if (file->text.size() > largest_key)
      problem = authorization.bearer_file + " is too large for a key";
  }
  if (!problem.empty())
    return {};
  for (const char c : key)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) {
      // It would end the header line it is put into.
      problem = "the key has characters that cannot stand in a header";
      return {};
    }
  return key;
}

} // namespace synapse::app
