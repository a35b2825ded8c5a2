// Who may use the server, and which server is trusted.
#include "tests/actors/feed/redis/bus_bed.hpp"
#include "tests/support/certificates.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <sys/socket.h>

namespace synapse::feed_bus_test {
namespace {

using actors::reply_kind;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

struct redis_bus_access : bus_bed {
  /// Logins that the server has refused so far.
  static unsigned refused_logins(redis_client& admin) {
    const auto text = admin.ask({"INFO", "commandstats"}).text;
    const auto at = text.find("failed_calls=", text.find("cmdstat_auth:"));
    return at == std::string::npos ? 0 : static_cast<unsigned>(std::stoul(text.substr(at + 13)));
  }
  static void expect_ok(const actors::redis_reply& reply) { EXPECT_EQ(reply.text, "OK"); }
};

TEST_F(redis_bus_access, a_wrong_password_is_told_once_and_never_shown) {
  redis_server server{{"--requirepass", "s3cret-there"}};
  server.start();
  redis_client admin{server.port()};
  expect_ok(admin.ask({"AUTH", "s3cret-there"}));
  replica a{system, server.url(":s3cret-here"), 1};
  a.start();
  EXPECT_TRUE(wait_until([&] { return refused_logins(admin) >= 8; }));
  EXPECT_EQ(a.reports->size(), 1U);
  EXPECT_THAT(a.reports->all().front(), HasSubstr("wrong user or password"));
  expect_ok(admin.ask({"CONFIG", "SET", "requirepass", "s3cret-here"}));
  EXPECT_TRUE(a.wait_connected()) << "and it has not given up";
  EXPECT_TRUE(wait_until([&] { return a.reports->size() == 2; }));
  EXPECT_THAT(a.reports->all(), Each(Not(HasSubstr("s3cret"))));
}

TEST_F(redis_bus_access, a_password_that_is_missing_or_not_wanted_is_said_so) {
  redis_server locked{{"--requirepass", "s3cret"}};
  redis_server open;
  locked.start();
  open.start();
  replica a{system, locked.url(), 1};
  replica b{system, open.url(":s3cret"), 2};
  a.start();
  b.start();
  EXPECT_TRUE(wait_until([&] { return a.reports_with("wants a password") == 1; }))
      << testing::PrintToString(a.reports->all());
  EXPECT_TRUE(wait_until([&] { return b.reports_with("has no password set") == 1; }))
      << testing::PrintToString(b.reports->all());
  EXPECT_THAT(b.reports->all(), Each(Not(HasSubstr("s3cret"))));
}

TEST_F(redis_bus_access, a_password_and_a_user_of_the_access_list_open_the_door) {
  redis_server server{{"--requirepass", "p@ss/word"}};
  server.start();
  redis_client admin{server.port()};
  expect_ok(admin.ask({"AUTH", "p@ss/word"}));
  // No more than what a bus needs.
  expect_ok(admin.ask({"ACL", "SETUSER", "feed", "on", ">other pass", "resetchannels",
                       "&synapse:test", "+ping", "+subscribe", "+publish"}));
  replica a{system, server.url(":p%40ss%2Fword"), 1};
  replica b{system, server.url("feed:other%20pass"), 2};
  for (auto* one : {&a, &b}) {
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  a.publish(2);
  b.publish(3);
  EXPECT_TRUE(b.wait_lines(2));
  EXPECT_TRUE(a.wait_lines(3));
  EXPECT_THAT(redis_client{server.port()}.ask({"AUTH", "feed", "other pass"}).text, "OK");
}

TEST_F(redis_bus_access, a_user_who_may_not_subscribe_is_told_once) {
  redis_server server;
  server.start();
  redis_client admin{server.port()};
  expect_ok(admin.ask({"ACL", "SETUSER", "feed", "on", ">pass", "resetchannels", "&other", "+ping",
                       "+subscribe", "+publish"}));
  replica a{system, server.url("feed:pass"), 1};
  a.start();
  EXPECT_TRUE(wait_until([&] { return a.reports_with("refuses SUBSCRIBE: NOPERM") == 1; }));
  expect_ok(admin.ask({"ACL", "SETUSER", "feed", "&synapse:test"}));
  EXPECT_TRUE(a.wait_connected());
  EXPECT_EQ(a.reports->size(), 2U);
}

TEST_F(redis_bus_access, a_user_who_may_not_publish_loses_lines_without_a_line_for_each) {
  redis_server server;
  server.start();
  redis_client admin{server.port()};
  expect_ok(admin.ask({"ACL", "SETUSER", "feed", "on", ">pass", "&*", "+ping", "+subscribe"}));
  replica a{system, server.url("feed:pass"), 1};
  replica b{system, server.url(), 2};
  for (auto* one : {&a, &b}) {
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  b.publish(1);
  EXPECT_TRUE(a.wait_lines(1)) << "it hears the others";
  for (int i = 0; i < 50; ++i)
    a.publish(2);
  EXPECT_TRUE(wait_until([&] { return a.stats->dropped == 100; }));
  EXPECT_EQ(a.reports_with("refuses lines: NOPERM"), 1U);
  EXPECT_LE(a.reports->size(), 3U) << "connected, refused, lost";
  EXPECT_EQ(a.stats->published, 0U);
  EXPECT_EQ(a.stats->reconnects, 0U);
  expect_ok(admin.ask({"ACL", "SETUSER", "feed", "+publish"}));
  a.publish(1);
  EXPECT_TRUE(b.wait_lines(1));
}

struct redis_bus_tls : bus_bed {
  static std::string url(const redis_server& server) {
    return "rediss://127.0.0.1:" + std::to_string(server.tls_port());
  }
  static server_tls of(const support::key_pair& pair) { return {pair.certificate, pair.key}; }

  scratch_directory directory;
  support::certificate_authority ours{directory.path(), "ours"};
  support::certificate_authority others{directory.path(), "others"};
};

TEST_F(redis_bus_tls, lines_go_through_tls) {
  redis_server server{{}, of(ours.issue("address", "IP:127.0.0.1"))};
  server.start();
  replica a{system, url(server), 1};
  replica b{system, server.url(), 2};
  a.parts.ca_file = ours.certificate();
  for (auto* one : {&a, &b}) {
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  constexpr std::uint64_t count = 1000;
  a.publish(count, std::string(500, 'x'));
  b.publish(count, std::string(500, 'y'));
  EXPECT_TRUE(a.wait_lines(count));
  EXPECT_TRUE(b.wait_lines(count));
  EXPECT_EQ(a.numbers(), up_to(count));
  EXPECT_EQ(b.numbers(), up_to(count));
  server.kill();
  ASSERT_TRUE(a.wait_disconnected());
  server.start();
  ASSERT_TRUE(a.wait_connected());
}

TEST_F(redis_bus_tls, the_authorities_of_the_system_may_be_named) {
  redis_server server{{}, of(ours.issue("address", "IP:127.0.0.1"))};
  server.start();
  ::setenv("SSL_CERT_FILE", ours.certificate().c_str(), 1);
  replica a{system, url(server), 1};
  a.start();
  EXPECT_TRUE(a.wait_connected());
  a.end();
  ::unsetenv("SSL_CERT_FILE");
}

TEST_F(redis_bus_tls, the_name_is_checked) {
  redis_server server{{}, of(ours.issue("name", "DNS:localhost"))};
  server.start();
  replica by_name{system, url(server), 1};
  replica by_address{system, url(server), 2};
  by_name.parts.url.host = "localhost";
  by_name.parts.ca_file = by_address.parts.ca_file = ours.certificate();
  by_name.start();
  by_address.start();
  EXPECT_TRUE(by_name.wait_connected());
  EXPECT_TRUE(wait_until([&] { return by_address.reports->size() == 1; }));
  EXPECT_THAT(by_address.reports->all().front(), HasSubstr("certificate is not trusted"));
}

TEST_F(redis_bus_tls, the_name_is_sent_for_servers_that_have_several) {
  const auto context = support::server_context(ours.issue("name", "DNS:localhost"));
  std::uint16_t port = 0;
  auto listener = support::listen_loopback(port);
  replica a{system, "rediss://localhost:" + std::to_string(port), 1};
  a.parts.ca_file = ours.certificate();
  a.start();
  std::string name;
  EXPECT_TRUE(wait_until([&] {
    support::descriptor one{::accept(listener.get(), nullptr, nullptr)};
    if (one.get() < 0)
      return false;
    support::byte_stream stream{std::move(one), -1};
    if (!stream.handshake_server(context.get(), support::patience))
      return false;
    name = SSL_get_servername(stream.tls(), TLSEXT_NAMETYPE_host_name);
    return true;
  }));
  EXPECT_EQ(name, "localhost");
}

TEST_F(redis_bus_tls, a_certificate_of_somebody_else_is_refused_and_told_once) {
  redis_server server{{}, of(others.issue("address", "IP:127.0.0.1"))};
  server.start();
  replica a{system, url(server), 1};
  replica b{system, url(server), 2}; // the authorities of the system
  a.parts.ca_file = ours.certificate();
  a.start();
  b.start();
  EXPECT_TRUE(wait_until([&] { return a.stats->faults >= 5 && b.stats->faults >= 5; }));
  for (const auto* one : {&a, &b}) {
    EXPECT_FALSE(one->stats->connected);
    ASSERT_EQ(one->reports->size(), 1U);
    EXPECT_THAT(one->reports->all().front(), HasSubstr("certificate is not trusted: "));
  }
}

TEST_F(redis_bus_tls, plain_and_tls_do_not_mix) {
  redis_server server{{}, of(ours.issue("address", "IP:127.0.0.1"))};
  server.start();
  replica tls_to_plain{system, "rediss://127.0.0.1:" + std::to_string(server.port()), 1};
  replica plain_to_tls{system, "redis://127.0.0.1:" + std::to_string(server.tls_port()), 2};
  for (auto* one : {&tls_to_plain, &plain_to_tls}) {
    one->parts.ca_file = ours.certificate();
    one->parts.limits.connect_timeout = 500ms; // Redis waits for the end of a line that is none
    one->start();
    EXPECT_TRUE(wait_until([&] { return one->reports->size() == 1; }));
    EXPECT_FALSE(one->stats->connected);
  }
}

TEST_F(redis_bus_tls, authorities_that_cannot_be_read_are_told_and_nothing_goes_out) {
  redis_server server{{}, of(ours.issue("address", "IP:127.0.0.1"))};
  server.start();
  replica a{system, url(server), 1};
  a.parts.ca_file = directory.path() / "absent.crt";
  a.start();
  EXPECT_TRUE(wait_until([&] { return a.reports_with("cannot read trusted certificates") == 1; }));
}

} // namespace
} // namespace synapse::feed_bus_test
