#include "app/tls_contexts.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/gateway_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace synapse::app {
namespace {

namespace fs = std::filesystem;
using support::write_file;
using testing::HasSubstr;
using testing::Not;

std::string name_in(X509* certificate) {
  char name[64] = {};
  if (certificate)
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
  return name;
}

/// The common name of the certificate that a context shows; "" when it has none.
std::string own_name(const tls_context& context) {
  return name_in(SSL_CTX_get0_certificate(context->native_handle()));
}

/// How two contexts get on with each other, without any socket.
struct handshake {
  bool client_done = false;
  bool server_done = false;
  int version = 0;
  std::string server_name; ///< common name of the certificate that the client saw
  std::string client_name; ///< likewise for the server
};

using tls_ptr = std::unique_ptr<SSL, decltype(&SSL_free)>;

/// @param max_version the newest protocol version that the client offers; 0: any.
handshake shake_hands(SSL_CTX* client_context, SSL_CTX* server_context, int max_version = 0) {
  const tls_ptr client{SSL_new(client_context), SSL_free};
  const tls_ptr server{SSL_new(server_context), SSL_free};
  BIO* left = nullptr;
  BIO* right = nullptr;
  BIO_new_bio_pair(&left, 64 * 1024, &right, 64 * 1024);
  SSL_set_bio(client.get(), left, left);
  SSL_set_bio(server.get(), right, right);
  SSL_set_verify(client.get(), SSL_VERIFY_PEER, nullptr);
  if (max_version) {
    SSL_set_security_level(client.get(), 0); // or it would not even offer it
    SSL_set_min_proto_version(client.get(), max_version);
    SSL_set_max_proto_version(client.get(), max_version);
  }
  handshake result;
  for (int round = 0; round < 10; ++round) {
    result.client_done = SSL_connect(client.get()) == 1;
    result.server_done = SSL_accept(server.get()) == 1;
  }
  if (result.client_done)
    result.version = SSL_version(client.get());
  result.server_name = name_in(SSL_get0_peer_certificate(client.get()));
  result.client_name = name_in(SSL_get0_peer_certificate(server.get()));
  ERR_clear_error();
  return result;
}

struct tls_contexts : testing::Test {
  static void SetUpTestSuite() {
    files = std::make_unique<support::temporary_directory>();
    authority = std::make_unique<support::certificate_authority>(files->path(), "authority");
    server = authority->issue("server", "DNS:backend.example");
    other = authority->issue("other", "DNS:other.example");
    garbage = files->path() / "garbage.pem";
    write_file(garbage, "no certificate, but a hidden password: hunter2\n");
    missing = files->path() / "missing.pem";
  }
  static void TearDownTestSuite() {
    authority.reset();
    files.reset();
  }

  static config::listener_tls_settings listener(const fs::path& certificate, const fs::path& key) {
    config::listener_tls_settings settings;
    settings.certificate = certificate;
    settings.key = key;
    return settings;
  }
  static config::backend_settings backend() {
    config::backend_settings settings;
    settings.name = "backend";
    settings.url.tls = true;
    settings.url.host = "backend.example";
    settings.url.port = 443;
    settings.tls.ca_file = authority->certificate();
    return settings;
  }

  /// A context that has to be made without any problem.
  static tls_context good_server(const fs::path& certificate, const fs::path& key) {
    std::string problem;
    auto context = make_server_context(listener(certificate, key), problem);
    EXPECT_EQ(problem, "");
    EXPECT_TRUE(context);
    return context;
  }
  static tls_context good_client(const config::backend_settings& settings) {
    std::string problem;
    auto context = make_client_context(settings, problem);
    EXPECT_EQ(problem, "");
    EXPECT_TRUE(context);
    return context;
  }
  /// What is said about files that cannot be used for the listener.
  static std::string server_problem(const fs::path& certificate, const fs::path& key) {
    std::string problem;
    EXPECT_FALSE(make_server_context(listener(certificate, key), problem));
    EXPECT_THAT(problem, Not(HasSubstr("hunter2"))) << "contents are never told";
    EXPECT_THAT(problem, Not(HasSubstr("PRIVATE")));
    EXPECT_THAT(problem, Not(HasSubstr("\n")));
    return problem;
  }
  /// What is said about a backend's files. There is a context all the same: without one the
  /// requests would go out in the clear.
  static std::string client_problem(const config::backend_settings& settings) {
    std::string problem;
    EXPECT_TRUE(make_client_context(settings, problem));
    EXPECT_THAT(problem, Not(HasSubstr("hunter2")));
    EXPECT_THAT(problem, Not(HasSubstr("\n")));
    return problem;
  }

  static inline std::unique_ptr<support::temporary_directory> files;
  static inline std::unique_ptr<support::certificate_authority> authority;
  static inline support::key_pair server;
  static inline support::key_pair other;
  static inline fs::path garbage;
  static inline fs::path missing;
};

// ---- listener ----

TEST_F(tls_contexts, for_the_listener_show_its_certificate) {
  const auto context = good_server(server.certificate, server.key);
  EXPECT_EQ(own_name(context), "server");
  const auto result =
      shake_hands(good_client(backend())->native_handle(), context->native_handle());
  EXPECT_TRUE(result.client_done);
  EXPECT_TRUE(result.server_done);
  EXPECT_EQ(result.server_name, "server");
  EXPECT_EQ(result.version, TLS1_3_VERSION);
  EXPECT_EQ(result.client_name, "") << "clients need no certificate";
}

TEST_F(tls_contexts, for_the_listener_send_the_whole_chain) {
  const auto chain = files->path() / "chain.crt";
  write_file(chain,
             support::read_file(server.certificate) + support::read_file(authority->certificate()));
  const auto context = good_server(chain, server.key);
  STACK_OF(X509)* sent = nullptr;
  SSL_CTX_get0_chain_certs(context->native_handle(), &sent);
  EXPECT_EQ(own_name(context), "server");
  ASSERT_EQ(sk_X509_num(sent), 1);
  EXPECT_EQ(name_in(sk_X509_value(sent, 0)), "authority");
}

TEST_F(tls_contexts, for_the_listener_speak_tls_1_2_and_up_only) {
  const auto context = good_server(server.certificate, server.key);
  const auto client = good_client(backend());
  EXPECT_EQ(SSL_CTX_get_min_proto_version(context->native_handle()), TLS1_2_VERSION);
  // Security level 0: what is refused is refused for its version, not for its weak ciphers.
  SSL_CTX_set_security_level(context->native_handle(), 0);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto result = shake_hands(client->native_handle(), context->native_handle(), version);
    EXPECT_TRUE(result.client_done && result.server_done) << version;
    EXPECT_EQ(result.version, version);
  }
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const auto result = shake_hands(client->native_handle(), context->native_handle(), version);
    EXPECT_FALSE(result.client_done || result.server_done) << version;
  }
}

TEST_F(tls_contexts, for_the_listener_do_not_compress) {
  const auto context = good_server(server.certificate, server.key);
  EXPECT_TRUE(SSL_CTX_get_options(context->native_handle()) & SSL_OP_NO_COMPRESSION);
}

TEST_F(tls_contexts, name_the_file_that_cannot_be_used) {
  EXPECT_THAT(server_problem(missing, server.key),
              HasSubstr("cannot use the certificate " + missing.string() + ": "));
  EXPECT_THAT(server_problem(garbage, server.key),
              HasSubstr("cannot use the certificate " + garbage.string() + ": "));
  EXPECT_THAT(server_problem(server.key, server.key),
              HasSubstr("cannot use the certificate " + server.key.string() + ": "))
      << "a key is no certificate";
  EXPECT_THAT(server_problem(server.certificate, missing),
              HasSubstr("cannot use the key " + missing.string() + ": "));
  EXPECT_THAT(server_problem(server.certificate, garbage),
              HasSubstr("cannot use the key " + garbage.string() + ": "));
  EXPECT_THAT(server_problem(server.certificate, files->path()),
              HasSubstr("cannot use the key " + files->path().string() + ": "))
      << "a directory";
}

TEST_F(tls_contexts, say_why_a_file_cannot_be_used) {
  const auto reason_of = [](const std::string& problem) {
    return problem.substr(std::min(problem.size(), problem.rfind(": ") + 2));
  };
  const auto gone = reason_of(server_problem(missing, server.key));
  EXPECT_THAT(gone, HasSubstr("No such file")) << gone;
  const auto foreign = reason_of(server_problem(garbage, server.key));
  EXPECT_NE(foreign, "");
  EXPECT_NE(foreign, gone);
}

TEST_F(tls_contexts, tell_that_key_and_certificate_do_not_belong_together) {
  const auto problem = server_problem(server.certificate, other.key);
  EXPECT_THAT(problem, HasSubstr(other.key.string()));
  EXPECT_THAT(problem, testing::ContainsRegex("mismatch|does not belong"));
}

TEST_F(tls_contexts, read_a_certificate_anew_each_time_they_are_made) {
  // What SIGHUP and the watch on the file do: the context in use stays as it is.
  const auto certificate = files->path() / "renewed.crt";
  const auto key = files->path() / "renewed.key";
  const auto install = [&](const support::key_pair& pair) {
    support::replace_file(certificate, support::read_file(pair.certificate));
    support::replace_file(key, support::read_file(pair.key));
  };
  install(server);
  const auto before = good_server(certificate, key);
  install(other);
  const auto after = good_server(certificate, key);
  EXPECT_EQ(own_name(before), "server");
  EXPECT_EQ(own_name(after), "other");
  const auto client = good_client(backend());
  EXPECT_EQ(shake_hands(client->native_handle(), after->native_handle()).server_name, "other");
  EXPECT_EQ(shake_hands(client->native_handle(), before->native_handle()).server_name, "server")
      << "handshakes under way finish on the old one";
  // Half a renewal (the certificate is there, its key not yet) is refused.
  support::replace_file(certificate, support::read_file(server.certificate));
  EXPECT_THAT(server_problem(certificate, key), HasSubstr(key.string()));
}

// ---- backends ----

TEST_F(tls_contexts, for_plain_backends_are_none) {
  auto settings = backend();
  settings.url.tls = false;
  settings.tls.ca_file = missing; // is not even looked at
  settings.tls.certificate = garbage;
  std::string problem;
  EXPECT_FALSE(make_client_context(settings, problem));
  EXPECT_EQ(problem, "");
}

TEST_F(tls_contexts, for_backends_trust_the_given_authority_and_no_other) {
  const auto context = good_server(server.certificate, server.key);
  const auto trusted =
      shake_hands(good_client(backend())->native_handle(), context->native_handle());
  EXPECT_TRUE(trusted.client_done);
  const support::certificate_authority stranger{files->path(), "stranger"};
  auto settings = backend();
  settings.tls.ca_file = stranger.certificate();
  const auto refused =
      shake_hands(good_client(settings)->native_handle(), context->native_handle());
  EXPECT_FALSE(refused.client_done);
  settings.tls.ca_file = ""; // the system's store
  const auto unknown =
      shake_hands(good_client(settings)->native_handle(), context->native_handle());
  EXPECT_FALSE(unknown.client_done);
}

TEST_F(tls_contexts, for_backends_speak_tls_1_2_and_up_only) {
  EXPECT_EQ(SSL_CTX_get_min_proto_version(good_client(backend())->native_handle()), TLS1_2_VERSION);
}

TEST_F(tls_contexts, for_backends_show_the_client_certificate) {
  const auto asking = support::server_context(server, authority->certificate());
  auto settings = backend();
  EXPECT_EQ(shake_hands(good_client(settings)->native_handle(), asking.get()).client_name, "");
  settings.tls.certificate = other.certificate;
  settings.tls.key = other.key;
  const auto result = shake_hands(good_client(settings)->native_handle(), asking.get());
  EXPECT_TRUE(result.server_done);
  EXPECT_EQ(result.client_name, "other");
}

TEST_F(tls_contexts, name_the_authorities_that_cannot_be_read) {
  auto settings = backend();
  settings.tls.ca_file = missing;
  EXPECT_THAT(client_problem(settings),
              HasSubstr("cannot read trusted certificates from " + missing.string() + ": "));
  settings.tls.ca_file = garbage;
  EXPECT_THAT(client_problem(settings),
              HasSubstr("cannot read trusted certificates from " + garbage.string() + ": "));
}

TEST_F(tls_contexts, trust_nobody_when_the_authorities_cannot_be_read) {
  const auto context = good_server(server.certificate, server.key);
  for (const auto& file : {missing, garbage}) {
    auto settings = backend();
    settings.tls.ca_file = file;
    std::string problem;
    const auto client = make_client_context(settings, problem);
    ASSERT_TRUE(client);
    EXPECT_FALSE(shake_hands(client->native_handle(), context->native_handle()).client_done);
  }
}

TEST_F(tls_contexts, name_the_client_certificate_that_cannot_be_used) {
  auto settings = backend();
  settings.tls.certificate = missing;
  settings.tls.key = other.key;
  EXPECT_THAT(client_problem(settings),
              HasSubstr("cannot use the certificate " + missing.string()));
  settings.tls.certificate = other.certificate;
  settings.tls.key = garbage;
  EXPECT_THAT(client_problem(settings), HasSubstr("cannot use the key " + garbage.string()));
  settings.tls.key = server.key;
  EXPECT_THAT(client_problem(settings), HasSubstr(server.key.string())) << "of another certificate";
}

TEST_F(tls_contexts, read_authorities_anew_each_time_they_are_made) {
  const support::certificate_authority stranger{files->path(), "stranger"};
  auto settings = backend();
  settings.tls.ca_file = files->path() / "authorities.pem";
  write_file(settings.tls.ca_file, support::read_file(stranger.certificate()));
  const auto before = good_client(settings);
  write_file(settings.tls.ca_file, support::read_file(stranger.certificate()) +
                                       support::read_file(authority->certificate()));
  const auto after = good_client(settings);
  const auto context = good_server(server.certificate, server.key);
  EXPECT_FALSE(shake_hands(before->native_handle(), context->native_handle()).client_done);
  EXPECT_TRUE(shake_hands(after->native_handle(), context->native_handle()).client_done)
      << "several authorities in one file";
}

// ---- keys of backends ----

struct bearer : testing::Test {
  ~bearer() override { ::unsetenv(variable); }

  std::string file(std::string_view text) const {
    const auto path = files.path() / "key";
    write_file(path, text);
    return path;
  }
  /// A key that has to be read without any problem.
  std::string read() const {
    std::string problem;
    auto key = read_bearer(settings, problem);
    EXPECT_EQ(problem, "");
    return key;
  }
  /// What is said about a key that cannot be read.
  std::string problem() const {
    std::string text;
    EXPECT_EQ(read_bearer(settings, text), "");
    EXPECT_THAT(text, Not(HasSubstr("hunter2"))) << "secrets are never told";
    return text;
  }

  static constexpr auto variable = "SYNAPSE_TEST_BACKEND_KEY";
  support::temporary_directory files;
  config::backend_settings settings;
};

TEST_F(bearer, is_nothing_unless_configured) {
  EXPECT_EQ(read(), "");
}

TEST_F(bearer, comes_from_a_file_or_a_variable_without_white_space_around_it) {
  settings.authorization.bearer_file = file("hunter2");
  EXPECT_EQ(read(), "hunter2");
  settings.authorization.bearer_file = file(" \t\r\n hunter2 \r\n\n");
  EXPECT_EQ(read(), "hunter2");
  settings.authorization = {};
  settings.authorization.bearer_env = variable;
  ::setenv(variable, "hunter3\n", 1);
  EXPECT_EQ(read(), "hunter3");
  ::setenv(variable, "", 1);
  EXPECT_EQ(read(), "") << "set, and empty";
}

TEST_F(bearer, is_read_anew_each_time) {
  settings.authorization.bearer_file = file("first");
  EXPECT_EQ(read(), "first");
  file("second");
  EXPECT_EQ(read(), "second");
}

TEST_F(bearer, that_is_not_there_is_told_by_its_place) {
  settings.authorization.bearer_env = variable;
  EXPECT_EQ(problem(), std::string{"the environment variable "} + variable + " is not set");
  settings.authorization = {};
  settings.authorization.bearer_file = files.path() / "missing";
  EXPECT_EQ(problem(), "cannot read " + settings.authorization.bearer_file);
}

TEST_F(bearer, that_cannot_be_read_is_told) {
  settings.authorization.bearer_file = files.path(); // e.g. the mount instead of the file in it
  EXPECT_EQ(problem(), "cannot read " + settings.authorization.bearer_file);
}

TEST_F(bearer, that_would_break_a_header_is_refused) {
  settings.authorization.bearer_env = variable;
  for (const char* key :
       {"hunter2\r\nX-Admin: 1", "hunter2 more", "hunter2\tmore", "hunter2\x01", "hunter2\x7f"}) {
    ::setenv(variable, key, 1);
    EXPECT_THAT(problem(), HasSubstr("cannot stand in a header")) << key;
  }
  using namespace std::string_literals;
  settings.authorization = {};
  settings.authorization.bearer_file = file("hunter2\0more"s);
  EXPECT_THAT(problem(), HasSubstr("cannot stand in a header"));
}

// ---- one authority ----

TEST_F(tls_contexts, of_one_authority_trust_nobody_else) {
  std::string problem;
  const auto context = make_authority_context(authority->certificate(), problem);
  ASSERT_TRUE(context) << problem;
  EXPECT_EQ(problem, "");
  EXPECT_EQ(SSL_CTX_get_min_proto_version(context->native_handle()), TLS1_2_VERSION);
  const auto serving = good_server(server.certificate, server.key);
  EXPECT_TRUE(shake_hands(context->native_handle(), serving->native_handle()).client_done);
  const auto stranger = make_authority_context(other.certificate, problem);
  ASSERT_TRUE(stranger) << problem;
  EXPECT_FALSE(shake_hands(stranger->native_handle(), serving->native_handle()).client_done);
}

TEST_F(tls_contexts, of_one_authority_are_not_made_from_anything_else) {
  for (const auto& file : {missing, garbage, files->path(), server.key}) {
    std::string problem;
    EXPECT_FALSE(make_authority_context(file, problem));
    EXPECT_THAT(problem, HasSubstr("certificates from " + file.string() + ": "));
    EXPECT_THAT(problem, Not(HasSubstr("hunter2")));
  }
}

} // namespace
} // namespace synapse::app
