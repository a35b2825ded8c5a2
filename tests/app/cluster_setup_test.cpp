#include "app/cluster_setup.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>

namespace synapse::app {
namespace {

struct cluster_setup : testing::Test {
  std::optional<actors::replica_parts> make() {
    return make_replica_parts(all, variables, 7, std::make_shared<spdlog::logger>("none"), problem);
  }

  support::temporary_directory directory;
  config::settings all;
  config::environment variables;
  std::string problem;
};

TEST_F(cluster_setup, is_for_the_bus_mode_caf_only) {
  EXPECT_FALSE(wants_cluster(all));
  all.process.terminal_feed.bus_mode = "caf";
  EXPECT_TRUE(wants_cluster(all));
}

TEST_F(cluster_setup, reads_the_secret_from_a_variable) {
  all.cluster.secret_env = "THE_SECRET";
  EXPECT_FALSE(make());
  EXPECT_EQ(problem, "cluster: the environment variable THE_SECRET is not set");
  variables["THE_SECRET"] = " 0123456789abcdef\n";
  const auto parts = make();
  ASSERT_TRUE(parts) << problem;
  EXPECT_EQ(parts->secret, "0123456789abcdef");
  EXPECT_EQ(parts->origin, 7u);
}

TEST_F(cluster_setup, reads_the_secret_from_a_file) {
  const auto file = directory.path() / "secret";
  all.cluster.secret_file = file;
  EXPECT_FALSE(make());
  EXPECT_EQ(problem, "cluster: cannot read " + file.string());
  support::write_file(file, "fifteen bytes!!\n");
  EXPECT_FALSE(make());
  EXPECT_EQ(problem, "cluster: the secret in " + file.string() + " is shorter than 16 bytes");
  EXPECT_EQ(problem.find("fifteen"), std::string::npos);
  support::write_file(file, "sixteen bytes!!!\n");
  const auto parts = make();
  ASSERT_TRUE(parts) << problem;
  EXPECT_EQ(parts->secret, "sixteen bytes!!!");
}

TEST_F(cluster_setup, refuses_certificates_that_cannot_be_used) {
  variables["THE_SECRET"] = "0123456789abcdef";
  all.cluster.secret_env = "THE_SECRET";
  const support::certificate_authority authority{directory.path(), "replicas"};
  const auto pair = authority.issue("one", "DNS:one");
  all.cluster.tls = {pair.certificate, pair.key, authority.certificate()};
  EXPECT_TRUE(make()) << problem;
  all.cluster.tls.ca = directory.path() / "nothing";
  EXPECT_FALSE(make());
  EXPECT_NE(problem.find("nothing"), std::string::npos);
  all.cluster.tls = {pair.certificate, authority.issue("two", "DNS:two").key,
                     authority.certificate()};
  EXPECT_FALSE(make());
}

TEST_F(cluster_setup, tells_that_a_reload_changes_nothing) {
  config::settings now = all;
  EXPECT_EQ(cluster_change_warning(all, now), "");
  now.cluster.peers = {"a:1"};
  EXPECT_EQ(cluster_change_warning(all, now),
            "the section cluster changes with the next start only");
}

} // namespace
} // namespace synapse::app
