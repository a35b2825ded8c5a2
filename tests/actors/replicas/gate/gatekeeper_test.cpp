// Who reaches the cluster's port without the secret: silent, slow, many, large.
#include "actors/replicas/gate/gatekeeper.hpp"
#include "actors/replicas/gate/knock.hpp"
#include "actors/replicas/gate/visit.hpp"
#include "tests/actors/replicas/raw_peer.hpp"
#include "tests/actors/replicas/replica.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

namespace synapse::test {
namespace {

namespace cluster = actors::cluster;

/// How CAF begins: a header that announces 512 MiB, and some of them.
std::string greedy_bytes() {
  return std::string{"\2\0\0\0\x20\0\0\0", 8} + std::string(24, '\0') + std::string(65536, 'x');
}

class gatekeeping : public testing::Test {
protected:
  watchdog limit_{std::chrono::seconds{support::sanitized ? 240 : 120}};
  std::filesystem::path directory_ = [] {
    std::string pattern = std::filesystem::temp_directory_path() / "synapse-gate-XXXXXX";
    if (!::mkdtemp(pattern.data()))
      std::abort();
    return std::filesystem::path{pattern};
  }();
  ~gatekeeping() override {
    gate_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::shared_ptr<cluster::tls_source> tls() {
    if (!authority_)
      authority_.emplace(directory_, "replicas");
    const auto pair = authority_->issue("one", "DNS:one");
    return std::make_shared<cluster::tls_source>(
        config::cluster_tls_settings{pair.certificate, pair.key, authority_->certificate()});
  }

  void open(std::size_t max_strangers, support::milliseconds timeout,
            std::shared_ptr<cluster::tls_source> source = nullptr) {
    cluster::gate_parts parts;
    parts.host = "127.0.0.1";
    parts.secret = std::make_shared<const std::string>(a_secret);
    parts.tls = std::move(source);
    parts.max_strangers = max_strangers;
    parts.greeting_timeout = timeout;
    parts.passed = [this](cluster::channel, std::uint16_t port) {
      EXPECT_EQ(port, gate_->port());
      ++passed_;
    };
    parts.report = [this](const std::string& text) {
      const std::lock_guard lock{mutex_};
      reports_.push_back(text);
    };
    parts.strangers = [this](std::size_t now) {
      most_ = std::max(most_.load(), now);
      now_ = now;
    };
    parts.refused = [this](std::string_view why) {
      const std::lock_guard lock{mutex_};
      ++refused_[std::string{why}];
    };
    std::string problem;
    gate_ = cluster::gatekeeper::open(std::move(parts), problem);
    ASSERT_TRUE(gate_) << problem;
  }

  std::size_t refused(const std::string& why) {
    const std::lock_guard lock{mutex_};
    return refused_[why];
  }
  std::vector<std::string> reports() {
    const std::lock_guard lock{mutex_};
    return reports_;
  }

  std::optional<support::certificate_authority> authority_;
  std::unique_ptr<cluster::gatekeeper> gate_;
  std::atomic<std::size_t> passed_{0}, now_{0}, most_{0};
  std::mutex mutex_;
  std::vector<std::string> reports_;
  std::map<std::string, std::size_t> refused_;
};

TEST_F(gatekeeping, who_is_silent_is_sent_away_in_time_and_people_hear_of_it_once) {
  open(100, 200ms);
  std::vector<raw_peer> silent;
  for (int i = 0; i < 20; ++i)
    silent.emplace_back(gate_->port());
  raw_peer slow{gate_->port()};
  slow.send("synapse");
  for (auto& one : silent)
    EXPECT_TRUE(one.closed());
  EXPECT_TRUE(slow.closed());
  EXPECT_TRUE(support::wait_until([&] { return refused("timeout") == 21 && now_ == 0; }));
  EXPECT_EQ(reports().size(), 1u);
  EXPECT_EQ(reports().front(), "turned away: 127.0.0.1 has not shown the secret within 200 ms");
}

TEST_F(gatekeeping, with_tls_a_handshake_that_does_not_begin_or_end_is_sent_away_in_time) {
  open(100, 400ms, tls());
  raw_peer silent{gate_->port()};
  raw_peer half{gate_->port()};
  half.send("\x16\x03\x01"); // the beginning of a record
  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(half.closed());
  EXPECT_TRUE(support::wait_until([&] { return refused("timeout") == 2; }));
}

TEST_F(gatekeeping, what_no_replica_would_send_ends_the_connection_at_once) {
  open(100, 60s);
  raw_peer greedy{gate_->port()};
  greedy.send(greedy_bytes());
  EXPECT_TRUE(greedy.closed());
  raw_peer web{gate_->port()};
  web.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(web.closed());
  EXPECT_TRUE(support::wait_until([&] { return refused("greeting") == 2; }));
}

TEST_F(gatekeeping, with_tls_a_stranger_may_send_only_so_much) {
  open(100, 60s, tls());
  raw_peer greedy{gate_->port()};
  // A ClientHello of 120 KiB, in records of 16 KiB.
  std::string bytes = std::string{"\x16\x03\x01\x40\x00\x01\x01\xe0\x00\x03\x03", 11};
  bytes += std::string(16384 - 6, 'x');
  for (int i = 0; i < 5; ++i)
    bytes += std::string{"\x16\x03\x01\x40\x00", 5} + std::string(16384, 'x');
  greedy.send(bytes);
  EXPECT_TRUE(greedy.closed());
  EXPECT_TRUE(support::wait_until([&] { return refused("size") + refused("tls") == 1; }));
}

TEST_F(gatekeeping, who_floods_the_port_pushes_out_itself) {
  open(4, 60s);
  cluster::gate_talk honest{cluster::session_role::dialling,
                            std::make_shared<const std::string>(a_secret)};
  raw_peer replica{gate_->port()};
  replica.send(honest.output());
  honest.output().clear();
  honest.take(replica.receive(40));
  std::vector<raw_peer> flood;
  for (int i = 0; i < 50; ++i)
    flood.emplace_back(gate_->port(), "127.0.0.2");
  EXPECT_TRUE(support::wait_until([&] { return refused("crowded") == 47; }));
  EXPECT_LE(most_, 4u);
  replica.send(honest.output());
  honest.take(replica.receive(33));
  EXPECT_EQ(honest.now(), cluster::gate_talk::state::passed);
  EXPECT_TRUE(support::wait_until([&] { return passed_ == 1; }));
  EXPECT_TRUE(flood.front().closed()) << "the oldest gives way";
  EXPECT_EQ(reports().size(), 1u);
}

TEST_F(gatekeeping, a_renewed_certificate_is_used_without_a_restart) {
  const auto source = tls();
  open(100, 60s, source);
  const auto pair = authority_->issue("two", "DNS:two");
  const auto by_own_ca = [&] {
    std::string problem;
    auto found = cluster::knock({"127.0.0.1", gate_->port()}, 5s);
    cluster::tls_source dialling{{pair.certificate, pair.key, authority_->certificate()}};
    auto session = dialling.begin(found.socket.get(), cluster::session_role::dialling, problem);
    cluster::visit visit{cluster::channel{std::move(found.socket), std::move(session)},
                         cluster::session_role::dialling,
                         std::make_shared<const std::string>(a_secret)};
    return cluster::visit_until(visit, support::clock::now() + support::patience, problem);
  };
  EXPECT_TRUE(by_own_ca());
  // Of another authority from here on: who trusts the first one does not get in any more.
  const support::certificate_authority other{directory_, "others"};
  other.issue("one", "DNS:one"); // into the same files
  EXPECT_FALSE(by_own_ca());
  EXPECT_TRUE(support::wait_until([&] { return passed_ == 1 && refused("tls") == 1; }));
}

// ---- a whole replica ----

TEST_F(gatekeeping, a_replica_gets_in_while_others_are_silent) {
  auto how = named("a", 1);
  how.settings.max_strangers = 8;
  how.settings.greeting_timeout = 60s;
  replica a{how};
  const auto port = config::parse_host_port(a.address())->port;
  std::vector<raw_peer> silent;
  for (int i = 0; i < 40; ++i)
    silent.emplace_back(port);
  replica b{named("b", 2, {a.address()})};
  EXPECT_TRUE(b.wait_for("a", member_state::up)) << b.reports();
  EXPECT_TRUE(a.wait_for("b", member_state::up)) << a.reports();
}

TEST_F(gatekeeping, an_address_that_accepts_and_is_silent_is_given_up) {
  silent_listener nobody;
  auto how = named("a", 1, {nobody.address()});
  how.settings.timeout = 100ms;
  replica a{how};
  EXPECT_TRUE(support::wait_until([&] {
    const auto list = a.members();
    return list.size() == 2 && list[1].reason == "does not answer";
  }));
  EXPECT_EQ(a.members()[1].state, member_state::connecting);
}

TEST_F(gatekeeping, an_address_where_something_else_answers_is_refused_unread) {
  silent_listener other;
  replica a{named("a", 1, {other.address()})};
  auto connection = other.accept();
  connection.send(greedy_bytes());
  EXPECT_TRUE(connection.closed());
  EXPECT_TRUE(support::wait_until([&] {
    const auto list = a.members();
    return list.size() == 2 && list[1].state == member_state::refused;
  })) << a.reports();
}

} // namespace
} // namespace synapse::test
