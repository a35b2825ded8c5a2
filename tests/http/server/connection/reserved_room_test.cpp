#include "http/server/connection/reserved_room.hpp"
#include "tests/http/server/server_rig.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <string>

namespace synapse::server {
namespace {

config::ip_address of(const char* text) {
  return *config::parse_address(text);
}

/// Of this process, with the one that counts them.
std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all{"/proc/self/fd"};
  return std::distance(begin(all), end(all));
}

TEST(reserved_descriptors, are_given_one_by_one_and_taken_back) {
  const auto before = open_descriptors();
  {
    reserved_room room{3};
    EXPECT_EQ(open_descriptors(), before + 3);
    EXPECT_TRUE(room.give());
    EXPECT_EQ(open_descriptors(), before + 2);
    EXPECT_TRUE(room.give());
    EXPECT_TRUE(room.give());
    EXPECT_FALSE(room.give());
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_TRUE(room.refill());
    EXPECT_EQ(open_descriptors(), before + 3);
    EXPECT_TRUE(room.refill()) << "with all there nothing is to be done";
    EXPECT_EQ(open_descriptors(), before + 3);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(reserved_descriptors, of_a_room_without_places_are_none) {
  reserved_room room{0};
  EXPECT_TRUE(room.full());
  EXPECT_FALSE(room.give());
  EXPECT_TRUE(room.refill());
  EXPECT_FALSE(room.evict());
}

struct reserved_places : testing::Test {
  /// A connection in the room that has asked for nothing yet.
  rig_client& enter(const char* address) {
    auto& client = rig.connect("", room);
    room->add(rig.last(), of(address));
    rig.forget();
    return client;
  }
  bool ends(rig_client& client) {
    return rig.until([&] { return client.ended(); });
  }

  server_rig rig;
  std::shared_ptr<reserved_room> room = std::make_shared<reserved_room>(3);
};

TEST_F(reserved_places, are_taken_until_the_room_is_full_and_left_with_the_connection) {
  enter("192.0.2.1");
  enter("192.0.2.2");
  EXPECT_FALSE(room->full());
  auto& last = enter("192.0.2.3");
  EXPECT_TRUE(room->full());
  last.close();
  EXPECT_TRUE(rig.until([&] { return !room->full(); }));
}

TEST_F(reserved_places, the_oldest_gives_way_where_all_are_of_different_clients) {
  auto& first = enter("192.0.2.1");
  auto& second = enter("192.0.2.2");
  EXPECT_TRUE(room->evict());
  EXPECT_TRUE(ends(first));
  EXPECT_FALSE(second.ended());
  EXPECT_TRUE(room->evict());
  EXPECT_TRUE(ends(second));
  EXPECT_FALSE(room->evict()) << "nobody is left";
}

TEST_F(reserved_places, the_oldest_of_who_has_most_gives_way) {
  auto& probe = enter("192.0.2.1");
  auto& crowd = enter("198.51.100.7");
  auto& more = enter("198.51.100.7");
  EXPECT_TRUE(room->evict());
  EXPECT_TRUE(ends(crowd));
  EXPECT_FALSE(probe.ended());
  EXPECT_FALSE(more.ended());
}

TEST_F(reserved_places, of_ipv6_a_whole_64_is_one_client) {
  auto& probe = enter("2001:db8:0:1::1");
  auto& crowd = enter("2001:db8:0:2::1");
  enter("2001:db8:0:2:ffff::2");
  EXPECT_TRUE(room->evict());
  EXPECT_TRUE(ends(crowd));
  EXPECT_FALSE(probe.ended());
}

} // namespace
} // namespace synapse::server
