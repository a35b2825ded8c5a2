#include "tests/support/certificates.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace synapse::support {

namespace {
/// Runs `openssl req -x509` with these further arguments.
void make_certificate(const std::filesystem::path& directory, const key_pair& pair,
                      const std::string& common_name, const std::string& more) {
  // Without a configuration file of the system: its extensions would come on top of ours.
  const auto config = directory / "openssl.cnf";
  std::ofstream{config} << "[req]\ndistinguished_name=name\n[name]\n";
  const auto log = (directory / "openssl.log").string();
  const auto command =
      "openssl req -x509 -config " + config.string() +
      " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + common_name +
      " -keyout " + pair.key.string() + " -out " + pair.certificate.string() + " " + more + " >" +
      log + " 2>&1";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("openssl failed, see " + log);
}
} // namespace

certificate_authority::certificate_authority(std::filesystem::path directory,
                                             const std::string& name)
    : directory_(std::move(directory)), own_{directory_ / (name + ".crt"),
                                             directory_ / (name + ".key")} {
  make_certificate(directory_, own_, name, "-addext basicConstraints=critical,CA:TRUE");
}

key_pair certificate_authority::issue(const std::string& common_name,
                                      const std::string& alternative_names) const {
  const key_pair pair{directory_ / (common_name + ".crt"), directory_ / (common_name + ".key")};
  make_certificate(
      directory_, pair, common_name,
      "-CA " + own_.certificate.string() + " -CAkey " + own_.key.string() +
          " -addext basicConstraints=CA:FALSE -addext subjectAltName=" + alternative_names);
  return pair;
}

ssl_context server_context(const key_pair& pair, const std::filesystem::path& client_authority) {
  ssl_context context{SSL_CTX_new(TLS_server_method())};
  if (SSL_CTX_use_certificate_chain_file(context.get(), pair.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), pair.key.c_str(), SSL_FILETYPE_PEM) != 1)
    throw std::runtime_error("cannot use " + pair.certificate.string());
  if (!client_authority.empty()) {
    SSL_CTX_load_verify_locations(context.get(), client_authority.c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

} // namespace synapse::support
