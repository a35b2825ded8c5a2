#include "app/process/descriptors.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

namespace synapse::app {
namespace {

TEST(descriptors, the_soft_limit_becomes_the_hard_one) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(descriptors, as_many_connections_as_fit_with_a_backend_each) {
  config::settings settings;
  const auto alone = connections_for(400, settings, 2);
  EXPECT_GT(alone, 100u);
  EXPECT_LT(2 * alone + 2 * settings.limits.reserved_connections, 400u);
  settings.process.terminal_feed.bus_mode = "caf";
  const auto replica = connections_for(400, settings, 2);
  EXPECT_LT(replica, alone);
  EXPECT_LT(2 * replica + 2 * settings.cluster.max_members + settings.cluster.max_strangers, 400u);
  EXPECT_EQ(connections_for(10, settings, 2), 1u);
  EXPECT_GT(connections_for(1'048'576, settings, 64), settings.limits.max_connections);
}

TEST(descriptors, people_are_told_when_fewer_fit_than_are_configured) {
  config::settings settings;
  settings.limits.max_connections = 500;
  EXPECT_EQ(descriptor_notice(500, 2000, settings), "");
  EXPECT_EQ(descriptor_notice(120, 400, settings),
            "only 120 of 500 client connections (limits.max_connections) are taken: the limit of "
            "open files is 400 (ulimit -n)");
}

} // namespace
} // namespace synapse::app
