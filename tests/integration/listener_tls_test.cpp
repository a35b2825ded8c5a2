// The listener speaks TLS and takes over a renewed certificate.
#include "tests/integration/configs.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace synapse::integration {
namespace {

namespace fs = std::filesystem;
using support::closing;
using support::gateway_process;

class listener_tls : public ::testing::Test {
protected:
  listener_tls() { install(first_); }
  /// Puts a certificate where the gateway looks for it, each file by rename.
  void install(const support::key_pair& pair) {
    support::replace_file(key_, support::read_file(pair.key));
    support::replace_file(certificate_, support::read_file(pair.certificate));
  }
  std::string config(std::string_view top = {}) const {
    return chat_config(upstream_, "listener: {tls: {certificate: " + certificate_.string() +
                                      ", key: " + key_.string() + "}}\n" + std::string{top});
  }

  support::temporary_directory directory_;
  support::certificate_authority authority_{directory_.path(), "test-authority"};
  support::key_pair first_{authority_.issue("first.example", "DNS:localhost,IP:127.0.0.1")};
  support::key_pair second_{authority_.issue("second.example", "DNS:localhost,IP:127.0.0.1")};
  fs::path certificate_{directory_.path() / "tls.crt"};
  fs::path key_{directory_.path() / "tls.key"};
  support::scripted_upstream upstream_{echo()};
};

TEST_F(listener_tls, serves_requests) {
  gateway_process gateway{config(), {.tls = true}};
  auto client = gateway.connect();
  EXPECT_NE(client.peer_subject().find("first.example"), std::string::npos);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(client.post(chat_path, chat_body, json_type).ok());
  EXPECT_EQ(upstream_.seen()[0].field("X-Forwarded-Proto"), "https");
  EXPECT_NE(gateway.err().find("https://"), std::string::npos);
}

TEST_F(listener_tls, carries_large_bodies_both_ways) {
  gateway_process gateway{config(), {.tls = true}};
  auto client = gateway.connect();
  const auto body = R"({"pad":")" + std::string(3'000'000, 'x') + R"("})";
  const auto reply = client.post(chat_path, body, json_type);
  EXPECT_TRUE(reply.ok()) << to_string(reply.end);
  EXPECT_EQ(text_at(reply.body, "/body"), body);
}

TEST_F(listener_tls, passes_a_stream_on_event_by_event) {
  const std::string event = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";
  support::gate go_on;
  upstream_.set_script([&](support::upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked();
    connection.send_chunk(event);
    go_on.wait();
    connection.send_chunk("data: [DONE]\n\n");
    connection.end_chunks();
  });
  gateway_process gateway{config(), {.tls = true}};
  auto client = gateway.connect();
  client.send(support::request_bytes("POST", chat_path, R"({"stream":true})", json_type));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, event));
  go_on.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
}

TEST_F(listener_tls, answers_a_client_that_has_closed_its_side) {
  gateway_process gateway{config(), {.tls = true}};
  support::gate go_on;
  upstream_.set_script([&](support::upstream_connection& connection) {
    connection.read_request();
    go_on.wait();
    connection.reply(200, R"({"choices":[]})");
  });
  auto client = gateway.connect();
  client.send(support::request_bytes("POST", chat_path, chat_body, json_type));
  client.shutdown_send(); // close_notify
  EXPECT_EQ(client.read_reply().status, 100U);
  go_on.open();
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.ok()) << to_string(reply.end);
  EXPECT_EQ(reply.body, R"({"choices":[]})");
}

TEST_F(listener_tls, ends_a_connection_with_close_notify) {
  gateway_process gateway{config(), {.tls = true}};
  auto client = gateway.connect();
  EXPECT_TRUE(client.get("/livez", "Connection: close\r\n").ok());
  EXPECT_EQ(client.wait_closed(), closing::orderly); // a bare FIN would be "reset" here
}

TEST_F(listener_tls, is_not_disturbed_by_plain_http_and_silence) {
  // As long as a handshake may take: the one at the end as well.
  gateway_process gateway{config("limits: {header_timeout: 2s}\n"), {.tls = true}};
  support::raw_client plain{gateway.port()};
  plain.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(plain.wait_closed(), closing::still_open);
  support::raw_client silent{gateway.port()};
  EXPECT_NE(silent.wait_closed(), closing::still_open); // no handshake in time
  EXPECT_TRUE(gateway.get("/livez").ok());
}

TEST_F(listener_tls, refuses_old_protocol_versions) {
  gateway_process gateway{config(), {.tls = true}};
  const support::ssl_context old{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  support::byte_stream stream{support::connect_loopback(gateway.port()), -1};
  EXPECT_FALSE(stream.handshake_client(old.get(), "localhost", support::patience));
}

TEST_F(listener_tls, serves_a_certificate_that_was_renewed_on_disk) {
  gateway_process gateway{config(), {.tls = true}};
  auto old = gateway.connect();
  install(second_);
  gateway.signal(SIGHUP);
  EXPECT_TRUE(support::wait_until([&] {
    return gateway.connect().peer_subject().find("second.example") != std::string::npos;
  }));
  EXPECT_TRUE(old.get("/livez").ok()); // connections that exist go on
}

TEST_F(listener_tls, keeps_its_certificate_when_the_new_one_is_useless) {
  gateway_process gateway{config(), {.tls = true}};
  support::replace_file(certificate_, support::read_file(second_.certificate)); // not this key's
  gateway.signal(SIGHUP);
  EXPECT_TRUE(gateway.wait_for_log("the old certificate stays in use")) << gateway.err();
  EXPECT_NE(gateway.connect().peer_subject().find("first.example"), std::string::npos);
  EXPECT_EQ(gateway.err().find("PRIVATE KEY"), std::string::npos);
}

TEST_F(listener_tls, with_files_that_cannot_be_used_does_not_start) {
  const auto start = [&](const std::string& certificate, const std::string& key) {
    const auto file = directory_.path() / "bad.yaml";
    support::write_file(file, chat_config(upstream_, "listener: {tls: {certificate: " +
                                                         certificate + ", key: " + key + "}}\n"));
    return support::run_gateway({"--config", file.string()}, {{"SYNAPSE_PORT", "0"}});
  };
  const auto missing = start("/nowhere/tls.crt", key_.string());
  EXPECT_EQ(missing.status, 2);
  EXPECT_NE(missing.err.find("/nowhere/tls.crt"), std::string::npos) << missing.err;
  const auto mixed = start(first_.certificate.string(), second_.key.string());
  EXPECT_EQ(mixed.status, 2);
  EXPECT_FALSE(mixed.err.empty());
}

TEST_F(listener_tls, drains_like_a_plain_one) {
  support::gate answer;
  upstream_.set_script([&](support::upstream_connection& connection) {
    connection.read_request();
    answer.wait();
    connection.reply(200, "{}");
  });
  gateway_process gateway{config(), {.tls = true}};
  auto idle = gateway.connect();
  EXPECT_TRUE(idle.get("/livez").ok());
  auto client = gateway.connect();
  client.send(support::request_bytes("POST", chat_path, chat_body, json_type));
  ASSERT_TRUE(upstream_.wait_for_requests(1));
  gateway.signal(SIGTERM);
  EXPECT_TRUE(gateway.wait_for_log("draining"));
  answer.open();
  EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(gateway.wait_exit(), 0);
  EXPECT_EQ(idle.wait_closed(), closing::orderly);
}

} // namespace
} // namespace synapse::integration
