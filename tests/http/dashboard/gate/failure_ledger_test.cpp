#include "http/dashboard/gate/failure_ledger.hpp"

#include <gtest/gtest.h>

namespace synapse::api::ledger_test {
namespace {

using namespace std::chrono_literals;

const failure_ledger::time_point start{1'700'000'000s};

config::ip_address at(std::string_view text) {
  return config::parse_address(text).value();
}

/// The n-th of many addresses that are no neighbours to a limit.
config::ip_address numbered(unsigned n) {
  config::ip_address address;
  address.bytes[0] = 0x20;
  for (unsigned i = 0; i < 4; ++i)
    address.bytes[4 + i] = static_cast<std::uint8_t>(n >> (8 * (3 - i)));
  return address;
}

/// Guesses until it has to wait. @returns how often it could
int guess(failure_ledger& ledger, const config::ip_address& client,
          failure_ledger::time_point now) {
  int tries = 0;
  for (; ledger.wait_of(client, now) == 0s && tries < 1000; ++tries)
    ledger.note(client, now);
  return tries;
}

TEST(failure_ledger, an_address_has_so_many_a_minute_and_waits_seconds_then) {
  failure_ledger ledger{{10, 200}};
  const auto client = at("192.0.2.1");
  EXPECT_EQ(guess(ledger, client, start), 10);
  EXPECT_EQ(ledger.wait_of(client, start), 6s);
  EXPECT_EQ(ledger.wait_of(client, start + 5s), 1s);
  EXPECT_EQ(guess(ledger, client, start + 6s), 1);
  EXPECT_EQ(guess(ledger, client, start + 66s), 10) << "a minute later all is forgotten";
  int tries = 0;
  for (int second = 100; second < 700; ++second)
    tries += guess(ledger, client, start + std::chrono::seconds{second});
  EXPECT_LE(tries, 10 * 10 + 10) << "in ten minutes";
  EXPECT_GE(tries, 10 * 10 - 1);
}

TEST(failure_ledger, what_is_tried_while_one_has_to_wait_does_not_count) {
  failure_ledger ledger{{3, 200}};
  const auto client = at("192.0.2.1");
  EXPECT_EQ(guess(ledger, client, start), 3);
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(ledger.wait_of(client, start), 20s);
  EXPECT_EQ(ledger.wait_of(client, start + 20s), 0s);
}

TEST(failure_ledger, an_ipv6_network_of_64_bits_is_one_client) {
  failure_ledger ledger{{3, 200}};
  EXPECT_EQ(guess(ledger, at("2001:db8:1:2::1"), start), 3);
  EXPECT_GT(ledger.wait_of(at("2001:db8:1:2:ffff::9"), start), 0s);
  EXPECT_EQ(ledger.wait_of(at("2001:db8:1:3::1"), start), 0s);
  EXPECT_EQ(guess(ledger, at("::ffff:192.0.2.1"), start), 3);
  EXPECT_GT(ledger.wait_of(at("192.0.2.1"), start), 0s);
  EXPECT_EQ(ledger.wait_of(at("192.0.2.2"), start), 0s);
}

TEST(failure_ledger, what_others_do_keeps_nobody_out) {
  failure_ledger ledger{{10, 200}};
  for (unsigned n = 0; n < failure_ledger::exact; ++n)
    guess(ledger, numbered(n), start);
  for (unsigned n = 0; n < 10'000; ++n)
    ASSERT_EQ(ledger.wait_of(numbered(failure_ledger::exact + n), start), 0s) << n;
}

TEST(failure_ledger, many_failures_in_all_make_each_dearer_for_its_own_address) {
  failure_ledger ledger{{10, 200}};
  const auto clumsy = at("192.0.2.1");
  ledger.note(clumsy, start);
  for (unsigned n = 0; n < 20; ++n)
    EXPECT_EQ(guess(ledger, numbered(n), start), 10) << n;
  EXPECT_EQ(guess(ledger, numbered(100), start), 2) << "two instead of ten";
  EXPECT_EQ(ledger.wait_of(clumsy, start), 0s) << "who has mistyped once still may";
  EXPECT_EQ(guess(ledger, clumsy, start), 2);
  EXPECT_EQ(guess(ledger, numbered(101), start + 3min), 10) << "when it is over";
}

TEST(failure_ledger, who_has_more_addresses_than_the_table_is_not_forgotten) {
  failure_ledger ledger{{10, 200}};
  const auto guesser = at("198.51.100.1");
  EXPECT_EQ(guess(ledger, guesser, start), 10);
  constexpr unsigned many = failure_ledger::exact + 2000;
  for (unsigned n = 0; n < many; ++n)
    guess(ledger, numbered(n), start);
  EXPECT_GT(ledger.wait_of(guesser, start), 0s);
  for (unsigned n = 0; n < many; ++n)
    ASSERT_GT(ledger.wait_of(numbered(n), start), 0s) << n << " is forgotten";
  // Those beyond share places with others: next to none of them all four.
  unsigned refused = 0;
  for (unsigned n = 0; n < 1000; ++n)
    refused += ledger.wait_of(numbered(1'000'000 + n), start) > 0s ? 1 : 0;
  EXPECT_LT(refused, 100u);
  for (unsigned n = 0; n < many; ++n)
    ASSERT_EQ(ledger.wait_of(numbered(n), start + 5min), 0s) << "fades there as well";
}

TEST(failure_ledger, a_clock_that_is_set_back_lets_nobody_in_for_it) {
  failure_ledger ledger{{3, 200}};
  const auto client = at("192.0.2.1");
  EXPECT_EQ(guess(ledger, client, start), 3);
  EXPECT_EQ(ledger.wait_of(client, start - 1h), 20s);
}

} // namespace
} // namespace synapse::api::ledger_test
