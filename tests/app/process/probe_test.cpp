// The health check: what is good, what is not, and that it ends in time.
#include "app/process/probe.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/gateway_process.hpp"
#include "tests/support/scripted_upstream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace synapse::app {
namespace {

using support::clock;
using support::milliseconds;
using support::scripted_upstream;
using support::upstream_connection;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// Long enough for whatever answers, whatever else the machine does.
constexpr milliseconds unhurried = support::patience;

config::listener_settings listener(std::uint16_t port, std::string host = "127.0.0.1") {
  config::listener_settings at;
  at.host = std::move(host);
  at.port = port;
  return at;
}

scripted_upstream::script says(std::string bytes) {
  return [bytes = std::move(bytes)](upstream_connection& connection) {
    connection.read_request();
    connection.send(bytes);
  };
}

/// Whatever it is asked, in whatever protocol.
scripted_upstream::script says_anyhow(std::string bytes) {
  return [bytes = std::move(bytes)](upstream_connection& connection) {
    connection.read_some();
    connection.send(bytes);
  };
}

TEST(probe, is_good_when_the_answer_is_200) {
  scripted_upstream gateway{says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")};
  EXPECT_EQ(probe(listener(gateway.port()), "/readyz", unhurried), "");
  EXPECT_EQ(probe(listener(gateway.port()), "/livez", unhurried), "");
  const auto seen = gateway.seen();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].method + " " + seen[0].target, "GET /readyz");
  EXPECT_EQ(seen[1].method + " " + seen[1].target, "GET /livez");
  EXPECT_EQ(seen[0].field("Connection"), "close");
}

TEST(probe, asks_on_loopback_when_the_gateway_listens_on_every_address) {
  scripted_upstream gateway{says("HTTP/1.1 200 OK\r\n\r\n")};
  EXPECT_EQ(probe(listener(gateway.port(), "0.0.0.0"), "/readyz", unhurried), "");
  EXPECT_EQ(probe(listener(gateway.port(), "localhost"), "/readyz", unhurried), "");
  // Nobody listens there on ::1, which is what it has to ask then.
  EXPECT_THAT(probe(listener(gateway.port(), "::"), "/readyz", unhurried),
              StartsWith("[::]:" + std::to_string(gateway.port()) + ": cannot connect"));
}

TEST(probe, tells_another_status) {
  for (const unsigned status : {503U, 404U, 204U, 302U}) {
    scripted_upstream gateway{says("HTTP/1.1 " + std::to_string(status) + " Text\r\n\r\n")};
    EXPECT_THAT(probe(listener(gateway.port()), "/readyz", unhurried),
                EndsWith(": /readyz answered " + std::to_string(status)));
    EXPECT_EQ(gateway.connections(), 1U) << "an answer is an answer";
  }
}

TEST(probe, tells_that_nobody_listens) {
  const support::closed_port closed;
  EXPECT_THAT(probe(listener(closed.port()), "/readyz", unhurried),
              AllOf(StartsWith("127.0.0.1:" + std::to_string(closed.port())),
                    EndsWith("cannot connect: Connection refused")));
}

TEST(probe, does_not_take_anything_else_for_an_answer) {
  const std::string answers[] = {"220 mail.example ESMTP\r\n", "HTTP/1.1 OK\r\n\r\n",
                                 "HTTP/1.1 abc\r\n\r\n",       "HTTP/1.1\r\n",
                                 "HTTP/2.0 200 OK\r\n",        std::string(100'000, 'x'),
                                 std::string("\0\0\0\r\n", 5), "\r\n"};
  for (const auto& bytes : answers) {
    scripted_upstream other{says_anyhow(bytes)};
    EXPECT_THAT(probe(listener(other.port()), "/readyz", unhurried),
                EndsWith(": the answer is not HTTP"))
        << bytes.substr(0, 40);
  }
  for (const std::string bytes : {"", "HTTP/1.1 200 OK"}) {
    scripted_upstream other{says_anyhow(bytes)};
    EXPECT_THAT(probe(listener(other.port()), "/readyz", unhurried), HasSubstr(": no answer: "));
  }
}

TEST(probe, waits_no_longer_than_it_may) {
  std::uint16_t port = 0;
  // Nobody accepts: the kernel takes the connection and the request all the same.
  const auto silent = support::listen_loopback(port);
  const auto since = clock::now();
  EXPECT_THAT(probe(listener(port), "/readyz", milliseconds{50}), EndsWith("no answer in time"));
  auto secure = listener(port);
  secure.tls.certificate = "unused.crt";
  EXPECT_THAT(probe(secure, "/readyz", milliseconds{50}),
              EndsWith("the TLS handshake failed in time"));
  EXPECT_LT(clock::now() - since, support::patience / 2);
  EXPECT_GE(clock::now() - since, milliseconds{100});
}

TEST(probe, counts_the_whole_time_and_not_each_step) {
  support::gate over;
  scripted_upstream gateway{[&](upstream_connection& connection) {
    connection.read_request();
    while (!over.wait(milliseconds{5}) && connection.send("H"))
      continue;
  }};
  EXPECT_THAT(probe(listener(gateway.port()), "/readyz", milliseconds{100}),
              EndsWith("no answer in time"));
  over.open();
}

TEST(probe, speaks_tls_to_a_certificate_nobody_vouches_for) {
  const support::temporary_directory directory;
  const support::certificate_authority authority{directory.path(), "unknown-authority"};
  const auto pair = authority.issue("elsewhere.example", "DNS:elsewhere.example");
  const auto context = support::server_context(pair);
  scripted_upstream gateway{says("HTTP/1.1 200 OK\r\n\r\n"), {.tls = context.get()}};
  auto at = listener(gateway.port());
  at.tls.certificate = pair.certificate.string();
  EXPECT_EQ(probe(at, "/readyz", unhurried), "");
  gateway.set_script(says("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
  EXPECT_THAT(probe(at, "/readyz", unhurried), EndsWith(": /readyz answered 503"));
  EXPECT_EQ(gateway.failed_handshakes(), 0U);
}

TEST(probe, finds_out_what_the_listener_speaks_when_the_file_says_something_else_by_now) {
  const support::temporary_directory directory;
  const support::certificate_authority authority{directory.path(), "authority"};
  const auto pair = authority.issue("gateway.example", "IP:127.0.0.1");
  const auto context = support::server_context(pair);
  scripted_upstream secure{says("HTTP/1.1 200 OK\r\n\r\n"), {.tls = context.get()}};
  // Its handshake fails, and it closes at once.
  EXPECT_EQ(probe(listener(secure.port()), "/readyz", unhurried), "");

  scripted_upstream plain{[](upstream_connection& connection) {
    const bool http = connection.read_some().starts_with("GET ");
    connection.send(http ? "HTTP/1.1 503 Service Unavailable\r\n\r\n"
                         : "HTTP/1.1 400 Bad Request\r\n\r\n");
  }};
  auto at = listener(plain.port());
  at.tls.certificate = pair.certificate.string();
  EXPECT_THAT(probe(at, "/readyz", unhurried), EndsWith(": /readyz answered 503"));
}

TEST(probe, cannot_guess_a_port) {
  EXPECT_THAT(probe(listener(0), "/readyz", unhurried), HasSubstr("port 0"));
}

TEST(probe, tells_that_a_name_has_no_address) {
  EXPECT_THAT(probe(listener(8000, "nowhere.invalid"), "/readyz", unhurried),
              StartsWith("nowhere.invalid:8000: cannot find the address: "));
}

} // namespace
} // namespace synapse::app
