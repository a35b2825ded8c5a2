// The program asks another one of its kind how it is: `synapse --probe`.
#include "tests/integration/configs.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace synapse::integration {
namespace {

using support::gateway_process;
using support::run_gateway;

/// Asks with the configuration file of `gateway`, as a health check in its container does.
support::finished_process probe(const gateway_process& gateway,
                                std::vector<std::string> arguments = {"--probe"}) {
  return run_gateway(arguments, {{"SYNAPSE_GATEWAY_CONFIG_PATH", gateway.config_file().string()},
                                 {"SYNAPSE_PORT", std::to_string(gateway.port())}});
}

TEST(probe_of_a_gateway, that_serves_is_silent_and_good) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream)};
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--probe"}, {"--probe", "readyz"}, {"--probe", "livez"}}) {
    const auto done = probe(gateway, arguments);
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(done.out + done.err, "");
  }
}

TEST(probe_of_a_gateway, that_drains_finds_it_alive_but_not_ready) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream, "drain: {delay: 3s}\n")};
  gateway.signal(SIGTERM);
  ASSERT_TRUE(support::wait_until([&] { return gateway.get("/readyz").status == 503; }));
  const auto ready = probe(gateway);
  EXPECT_EQ(ready.status, 1);
  EXPECT_EQ(ready.err,
            "synapse: 127.0.0.1:" + std::to_string(gateway.port()) + ": /readyz answered 503\n");
  EXPECT_EQ(probe(gateway, {"--probe", "livez"}).status, 0);
  EXPECT_EQ(gateway.wait_exit(), 0);
  EXPECT_EQ(probe(gateway, {"--probe", "livez"}).status, 1);
}

TEST(probe_of_a_gateway, that_speaks_tls_needs_no_authority) {
  const support::temporary_directory directory;
  const support::certificate_authority authority{directory.path(), "authority"};
  const auto pair = authority.issue("gateway.example", "DNS:gateway.example");
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{
      chat_config(upstream, "listener: {tls: {certificate: " + pair.certificate.string() +
                                ", key: " + pair.key.string() + "}}\n"),
      {.tls = true}};
  const auto done = probe(gateway);
  EXPECT_EQ(done.status, 0) << done.err;
}

TEST(probe_of_a_gateway, goes_on_when_its_file_gets_a_mistake) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream)};
  ASSERT_TRUE(gateway.reload("backends: [", false));
  EXPECT_EQ(probe(gateway).status, 0) << "it serves on with the settings it has";
}

TEST(probe_of_a_gateway, that_does_not_run_tells_so_in_one_line) {
  const support::closed_port closed;
  const auto done = run_gateway({"--probe", "--config", "/nowhere/backends.yaml"},
                                {{"SYNAPSE_PORT", std::to_string(closed.port())}});
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(done.out, "");
  EXPECT_NE(done.err.find("127.0.0.1:" + std::to_string(closed.port()) + ": cannot connect"),
            std::string::npos)
      << done.err;
  EXPECT_NE(done.err.find("the configuration cannot be used"), std::string::npos) << done.err;
  EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
}

TEST(probe_of_a_gateway, wrongly_asked_for_is_refused) {
  const auto done = run_gateway({"--probe", "healthz"});
  EXPECT_EQ(done.status, 2);
  EXPECT_NE(done.err.find("livez or readyz"), std::string::npos) << done.err;
}

} // namespace
} // namespace synapse::integration
