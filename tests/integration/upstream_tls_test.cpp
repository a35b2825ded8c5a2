// Backends that speak TLS: verified by default, refused with a clear word when they are not who
// they should be.
#include "tests/integration/configs.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>

namespace synapse::integration {
namespace {

using support::gateway_process;

class upstream_tls : public ::testing::Test {
protected:
  /// A config whose backend has these keys under `tls:`.
  std::string config(const support::scripted_upstream& upstream, const std::string& tls) const {
    return chat_config(upstream, {},
                       "tls: {" + tls + "}, retry: {attempts: 1}, breaker: {enabled: false}");
  }
  std::string trusted() const { return "ca_file: " + authority_.certificate().string(); }

  void expect_refused(const support::scripted_upstream& upstream, const std::string& tls) {
    gateway_process gateway{config(upstream, tls)};
    const auto reply = gateway.post(chat_path, chat_body, json_type);
    EXPECT_EQ(reply.status, 503u) << reply.body;
    EXPECT_EQ(text_at(reply.body, "/error/code"), "backend_unavailable") << reply.body;
    const auto message = text_at(reply.body, "/error/message");
    EXPECT_NE(message.find("llama-router"), std::string::npos) << message;
    EXPECT_NE(message.find("TLS"), std::string::npos) << message;
    EXPECT_EQ(upstream.requests(), 0u);
    EXPECT_TRUE(gateway.wait_for_metric("synapse_local_replies_total",
                                        R"(detail="upstream_tls_failure")", 1));
    const auto health = nlohmann::json::parse(gateway.get("/health").body);
    EXPECT_EQ(health["backends"]["llama-router"]["status"], "unreachable");
  }

  support::temporary_directory directory_;
  support::certificate_authority authority_{directory_.path(), "authority"};
  support::certificate_authority other_authority_{directory_.path(), "other"};
  support::ssl_context loopback_{server_context(authority_.issue("loopback", "IP:127.0.0.1"))};
  support::ssl_context named_{server_context(authority_.issue("named", "DNS:backend.example"))};
};

TEST_F(upstream_tls, that_is_who_it_should_be_is_used) {
  support::scripted_upstream upstream{echo(), {.tls = loopback_.get()}};
  gateway_process gateway{config(upstream, trusted())};
  auto client = gateway.connect();
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(client.post(chat_path, chat_body, json_type).ok());
  EXPECT_EQ(upstream.connections(), 1u); // kept like a plain one
  EXPECT_NE(gateway.get("/health").body.find(R"("healthy")"), std::string::npos);
  EXPECT_TRUE(gateway.get("/v1/models").ok());
}

TEST_F(upstream_tls, is_asked_and_verified_by_the_configured_name) {
  support::scripted_upstream upstream{echo(), {.tls = named_.get()}};
  std::string asked;
  SSL_CTX_set_tlsext_servername_callback(
      named_.get(), +[](SSL* tls, int*, void* into) {
        if (const char* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name))
          *static_cast<std::string*>(into) = name;
        return SSL_TLSEXT_ERR_OK;
      });
  SSL_CTX_set_tlsext_servername_arg(named_.get(), &asked);
  gateway_process gateway{config(upstream, trusted() + ", server_name: backend.example")};
  EXPECT_TRUE(gateway.post(chat_path, chat_body, json_type).ok());
  EXPECT_EQ(asked, "backend.example");
}

TEST_F(upstream_tls, of_another_authority_is_refused) {
  support::scripted_upstream upstream{echo(), {.tls = loopback_.get()}};
  expect_refused(upstream, "ca_file: " + other_authority_.certificate().string());
}

TEST_F(upstream_tls, unknown_to_the_system_is_refused) {
  support::scripted_upstream upstream{echo(), {.tls = loopback_.get()}};
  expect_refused(upstream, "ca_file: \"\"");
}

TEST_F(upstream_tls, of_another_name_is_refused) {
  support::scripted_upstream upstream{echo(), {.tls = named_.get()}};
  expect_refused(upstream, trusted()); // the URL says 127.0.0.1
}

TEST_F(upstream_tls, of_a_name_that_only_begins_alike_is_refused) {
  support::scripted_upstream upstream{echo(), {.tls = named_.get()}};
  expect_refused(upstream, trusted() + ", server_name: backend.example.com");
}

TEST_F(upstream_tls, is_used_unverified_when_told_so) {
  support::scripted_upstream upstream{echo(), {.tls = named_.get()}};
  gateway_process gateway{config(upstream, "verify: false")};
  EXPECT_TRUE(gateway.post(chat_path, chat_body, json_type).ok());
}

TEST_F(upstream_tls, that_is_plain_http_after_all_is_refused) {
  support::scripted_upstream plain{[](support::upstream_connection& connection) {
    connection.read_some();
    connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    connection.wait_until_peer_closes();
  }};
  const auto url = "https://127.0.0.1:" + std::to_string(plain.port());
  gateway_process gateway{
      config_with(backend("llama-router", url,
                          "tls: {verify: false}, retry: {attempts: 1}, breaker: {enabled: false}, "
                          "timeouts: {connect: 60s}"))};
  const auto reply = gateway.post(chat_path, chat_body, json_type);
  EXPECT_EQ(reply.status, 503u) << reply.body;
  EXPECT_EQ(plain.requests(), 0u);
}

TEST_F(upstream_tls, that_asks_for_a_client_certificate_gets_it) {
  const auto client_pair = authority_.issue("client", "DNS:client.example");
  const auto context =
      server_context(authority_.issue("strict", "IP:127.0.0.1"), authority_.certificate());
  support::scripted_upstream upstream{echo(), {.tls = context.get()}};
  gateway_process with{config(upstream, trusted() +
                                            ", certificate: " + client_pair.certificate.string() +
                                            ", key: " + client_pair.key.string())};
  EXPECT_TRUE(with.post(chat_path, chat_body, json_type).ok());
  gateway_process without{config(upstream, trusted())};
  const auto refused = without.post(chat_path, chat_body, json_type);
  EXPECT_TRUE(refused.status == 502 || refused.status == 503) << refused.status;
  EXPECT_EQ(upstream.requests(), 1u);
}

TEST_F(upstream_tls, stream_that_is_cut_without_close_notify_is_not_taken_for_whole) {
  support::scripted_upstream upstream{
      [](support::upstream_connection& connection) {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: audio/l16\r\n\r\nhalf of it");
        ::shutdown(connection.stream().fd(), SHUT_WR); // FIN below TLS: could be an attacker's
        connection.wait_until_peer_closes();
      },
      {.tls = loopback_.get()}};
  gateway_process gateway{config(upstream, trusted())};
  const auto reply = gateway.post(chat_path, chat_body, json_type);
  EXPECT_FALSE(reply.complete());
}

} // namespace
} // namespace synapse::integration
