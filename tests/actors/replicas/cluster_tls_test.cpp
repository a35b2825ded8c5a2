#include "tests/actors/replicas/stranger.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace synapse::test {
namespace {

struct tls : testing::Test {
  watchdog limit{std::chrono::seconds{support::sanitized ? 240 : 120}};
  std::filesystem::path directory = [] {
    std::string pattern = std::filesystem::temp_directory_path() / "synapse-cluster-XXXXXX";
    if (!::mkdtemp(pattern.data()))
      std::abort();
    return std::filesystem::path{pattern};
  }();
  ~tls() override { std::filesystem::remove_all(directory); }

  support::certificate_authority authority{directory, "replicas"};

  static replica_options with(replica_options how, const support::key_pair& pair,
                              const support::certificate_authority& trusted) {
    how.settings.tls = {pair.certificate, pair.key, trusted.certificate()};
    // More than a handshake takes where everything is slow.
    how.settings.timeout = 2000ms;
    return how;
  }
};

TEST_F(tls, carries_lines_between_replicas_of_one_authority) {
  replica a{with(named("a", 1), authority.issue("one", "DNS:one"), authority)};
  replica b{with(named("b", 2, {a.address()}), authority.issue("two", "DNS:two"), authority)};
  ASSERT_TRUE(a.wait_for("b", member_state::up)) << b.reports();
  ASSERT_TRUE(b.wait_for("a", member_state::up));
  a.say(100);
  b.say(100);
  EXPECT_TRUE(a.wait_for_lines(100) && b.wait_for_lines(100))
      << a.received << " " << b.received << "\n"
      << a.reports() << b.reports();
  EXPECT_EQ(a.numbers(2), numbers_from(1, 100));
  EXPECT_NE(a.reports().find("with TLS"), std::string::npos);
}

TEST_F(tls, refuses_a_foreign_certificate_and_none) {
  replica a{with(named("a", 1), authority.issue("one", "DNS:one"), authority)};
  const support::certificate_authority foreign{directory, "foreign"};
  replica b{with(named("b", 2, {a.address()}), foreign.issue("two", "DNS:two"), foreign)};
  replica plain{named("plain", 3, {a.address()})};
  const auto not_reached = [](replica& whom) {
    const auto list = whom.members();
    return list.size() == 2 && list[1].state == member_state::connecting && !list[1].reason.empty();
  };
  EXPECT_TRUE(support::wait_until([&] { return not_reached(b) && not_reached(plain); }));
  std::printf("foreign: %s; plain: %s\n", b.members()[1].reason.c_str(),
              plain.members()[1].reason.c_str());
  const stranger s{a.address()};
  EXPECT_FALSE(s.door());
  replica c{with(named("c", 4, {a.address()}), authority.issue("three", "DNS:three"), authority)};
  ASSERT_TRUE(c.wait_for("a", member_state::up));
  ASSERT_TRUE(a.wait_for("c", member_state::up));
  // Handshakes that fail meanwhile, several times a second, cost nobody else a connection.
  c.say(1);
  for (std::size_t said = 1; said < 100; ++said) {
    ASSERT_TRUE(support::wait_until([&] { return a.received == said; }));
    support::pace(20ms);
    c.say(1);
  }
  EXPECT_EQ(c.reports().find(" is down"), std::string::npos) << c.reports();
  EXPECT_EQ(a.reports().find(" is down"), std::string::npos) << a.reports();
  EXPECT_EQ(a.members().size(), 2u);
}

} // namespace
} // namespace synapse::test
