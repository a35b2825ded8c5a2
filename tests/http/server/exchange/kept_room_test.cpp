#include "http/server/exchange/kept_room.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

namespace synapse::server {
namespace {

TEST(kept_room, takes_up_to_its_limit_and_nothing_of_what_does_not_fit) {
  kept_room room;
  EXPECT_TRUE(room.take(60, 100));
  EXPECT_FALSE(room.take(41, 100));
  EXPECT_EQ(room.held(), 60U);
  EXPECT_TRUE(room.take(40, 100));
  EXPECT_FALSE(room.take(1, 100));
  room.give_back(60);
  EXPECT_TRUE(room.take(1, 100));
  EXPECT_EQ(room.held(), 41U);
}

TEST(kept_room, a_limit_may_change_and_be_exceeded_by_what_has_to_be) {
  kept_room room;
  room.take_anyway(100);
  EXPECT_FALSE(room.take(1, 50)) << "it is less than what is held";
  EXPECT_FALSE(room.take(1, 0));
  EXPECT_TRUE(room.take(1, 101));
  EXPECT_FALSE(room.take(std::numeric_limits<std::size_t>::max(), 1000));
  EXPECT_EQ(room.held(), 101U);
}

TEST(kept_room, threads_never_hold_more_together) {
  kept_room room;
  constexpr std::size_t most = 1000;
  std::vector<std::size_t> seen(4);
  std::vector<std::thread> threads;
  for (auto& largest : seen)
    threads.emplace_back([&room, &largest] {
      for (int i = 0; i < 20'000; ++i)
        if (room.take(300, most)) {
          largest = std::max(largest, room.held());
          room.give_back(300);
        }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_LE(*std::max_element(seen.begin(), seen.end()), most);
  EXPECT_EQ(room.held(), 0U);
}

} // namespace
} // namespace synapse::server
