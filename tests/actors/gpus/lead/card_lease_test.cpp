#include "actors/gpus/lead/card_lease.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace synapse::gpus {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t begin = 1'000 * second;

TEST(card_lease, a_process_alone_decides_from_the_start) {
  const card_lease lease{true};
  EXPECT_TRUE(lease.holds(begin));
  EXPECT_EQ(lease.due(begin), 0);
}

TEST(card_lease, the_lowest_name_decides_after_a_term) {
  card_lease lease{false};
  EXPECT_FALSE(lease.holds(begin)) << "it has heard of nobody";
  for (int i = 0; i <= 5; ++i)
    lease.heard("a", {"a", "b"}, begin + i * second);
  EXPECT_FALSE(lease.holds(begin + card_lease::term - 1));
  EXPECT_TRUE(lease.holds(begin + card_lease::term));
}

TEST(card_lease, another_name_does_not_decide) {
  card_lease lease{false};
  for (int i = 0; i <= 60; ++i) {
    lease.heard("b", {"b", "a", ""}, begin + i * second);
    EXPECT_FALSE(lease.holds(begin + i * second));
  }
}

TEST(card_lease, a_replica_without_a_name_never_decides) {
  card_lease lease{false};
  for (int i = 0; i <= 60; ++i)
    lease.heard("", {}, begin + i * second);
  EXPECT_FALSE(lease.holds(begin + 60 * second));
}

TEST(card_lease, it_ends_at_once_when_a_lower_one_comes_back) {
  card_lease lease{false};
  for (int i = 0; i <= 10; ++i)
    lease.heard("b", {"b"}, begin + i * second);
  ASSERT_TRUE(lease.holds(begin + 10 * second));
  lease.heard("b", {"a", "b"}, begin + 11 * second);
  EXPECT_FALSE(lease.holds(begin + 11 * second));
}

TEST(card_lease, it_ends_when_nothing_is_heard_for_a_term) {
  card_lease lease{false};
  for (int i = 0; i <= 10; ++i)
    lease.heard("a", {"a", "b"}, begin + i * second);
  const auto end = begin + 10 * second + card_lease::term;
  EXPECT_EQ(lease.due(begin + 10 * second), end);
  EXPECT_TRUE(lease.holds(end - 1));
  EXPECT_FALSE(lease.holds(end));
  // Another one may have decided meanwhile: it begins anew.
  lease.heard("a", {"a", "b"}, end + second);
  EXPECT_FALSE(lease.holds(end + second));
}

struct partition {
  std::string self;
  std::vector<std::string> live;
  std::vector<std::string> silent;
  bool decides;
};

TEST(card_lease, of_two_parts_that_do_not_reach_each_other_one_decides) {
  const std::vector<partition> parts{{"a", {}, {"b"}, true},
                                     {"b", {}, {"a"}, false}, // two halves
                                     {"a", {}, {"b", "c"}, false},
                                     {"b", {"c"}, {"a"}, true}, // two of three
                                     {"a", {"d"}, {"b", "c"}, true},
                                     {"b", {"c"}, {"a", "d"}, false}, // two halves of four
                                     {"b", {}, {}, true}};            // the other one has ended
  for (const auto& one : parts) {
    card_lease lease{false};
    for (int i = 0; i <= 5; ++i)
      lease.heard(one.self, one.live, one.silent, 0, begin + i * second);
    EXPECT_EQ(lease.holds(begin + 5 * second), one.decides) << one.self;
    EXPECT_EQ(lease.has_most(), one.decides) << one.self;
  }
}

TEST(card_lease, one_that_follows_knows_that_somebody_decides) {
  card_lease lease{false};
  lease.heard("b", {"a"}, {"c"}, 0, begin);
  EXPECT_TRUE(lease.has_most());
  lease.heard("d", {"a"}, {"b", "c"}, 0, begin);
  EXPECT_TRUE(lease.has_most()) << "the half with the lowest";
  lease.heard("d", {"c"}, {"a", "b"}, 0, begin);
  EXPECT_FALSE(lease.has_most());
}

TEST(card_lease, a_term_is_long_enough_to_notice_that_one_is_silent) {
  card_lease lease{false};
  for (int i = 0; i < 20; ++i)
    lease.heard("a", {"b"}, {}, 10 * second, begin + i * second);
  EXPECT_FALSE(lease.holds(begin + 20 * second - 1));
  EXPECT_TRUE(lease.holds(begin + 20 * second));
}

/// Three replicas that hear of each other every second, a second late. Whoever dies is not told.
TEST(card_lease, never_two_at_once_and_another_takes_over_within_ten_seconds) {
  std::mt19937_64 random{7};
  std::map<std::string, card_lease> leases;
  std::map<std::string, std::int64_t> born; ///< 0: dead
  std::map<std::string, std::int64_t> died;
  for (const auto* name : {"a", "b", "c"}) {
    leases.emplace(name, card_lease{false});
    born[name] = begin;
  }
  std::int64_t nobody_since = begin;
  std::int64_t changed = begin;
  for (auto now = begin; now < begin + 20'000 * second; now += second / 4) {
    if (now - changed > 30 * second && random() % 40 == 0) {
      const std::string name(1, static_cast<char>('a' + random() % 3));
      changed = now;
      if (born[name] != 0) {
        born[name] = 0;
        died[name] = now;
      } else {
        born[name] = now;
        leases.at(name) = card_lease{false};
      }
    }
    int deciding = 0;
    int alive = 0;
    for (auto& [name, lease] : leases) {
      if (born[name] == 0)
        continue;
      ++alive;
      if ((now - born[name]) % second == 0) {
        std::vector<std::string> live;
        for (const auto& [other, since] : born)
          if (since != 0 ? now - since >= second : now - died[other] < second)
            live.push_back(other);
        lease.heard(name, live, now);
      }
      deciding += lease.holds(now) ? 1 : 0;
    }
    EXPECT_LE(deciding, 1);
    if (deciding > 0 || alive == 0)
      nobody_since = now;
    EXPECT_LE(now - nobody_since, 10 * second);
  }
}

} // namespace
} // namespace synapse::gpus
