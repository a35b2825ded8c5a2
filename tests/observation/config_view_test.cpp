// The settings in force, and what became of reloads.
#include "tests/observation/viewer.hpp"

#include <gtest/gtest.h>

namespace synapse::test {
namespace {

using json = nlohmann::json;

TEST(config_view, shows_what_is_in_force_without_secrets) {
  const gateway_process gateway{
      integration::config_with(integration::backend("llama-router", "http://127.0.0.1:9",
                                                    "authorization: {bearer_env: ROUTER_KEY}")),
      live({{"ROUTER_KEY", "canary-key"}})};
  const auto config = get_json(gateway, "/api/config");
  const auto settings = config["settings"].get<std::string>();
  EXPECT_NE(settings.find("url: \"http://127.0.0.1:9\""), std::string::npos) << settings;
  EXPECT_NE(settings.find("bearer_env: ROUTER_KEY"), std::string::npos);
  EXPECT_NE(config["environment"].get<std::string>().find("ACCESS_TOKEN: (set)"),
            std::string::npos);
  EXPECT_EQ(config["file"], gateway.config_file().string());
  EXPECT_TRUE(config["reloads"].empty());
  const auto text = config.dump();
  EXPECT_EQ(text.find("canary"), std::string::npos);
  EXPECT_EQ(text.find(token), std::string::npos);
}

TEST(config_view, tells_of_a_refused_reload_and_of_the_settings_that_stay) {
  gateway_process gateway{lonely_config(), live()};
  ASSERT_TRUE(gateway.reload("threads: 2\nbackends:\n  b: {url: \"ftp://x\"}\n", false));
  auto config = get_json(gateway, "/api/config");
  ASSERT_EQ(config["reloads"].size(), 1u);
  EXPECT_EQ(config["reloads"][0]["result"], "rejected");
  EXPECT_GT(config["reloads"][0]["at"].get<std::int64_t>(), 1'600'000'000'000);
  ASSERT_FALSE(config["reloads"][0]["problems"].empty());
  EXPECT_NE(config["reloads"][0]["problems"][0].get<std::string>().find("backends.b.url"),
            std::string::npos)
      << config;
  EXPECT_NE(config["settings"].get<std::string>().find("llama-router:"), std::string::npos);
  ASSERT_TRUE(gateway.reload(
      integration::config_with(integration::backend("llama-embed", "http://127.0.0.1:9"))));
  config = get_json(gateway, "/api/config");
  ASSERT_EQ(config["reloads"].size(), 2u);
  EXPECT_EQ(config["reloads"][0]["result"], "applied") << "the newest first";
  EXPECT_NE(config["settings"].get<std::string>().find("llama-embed:"), std::string::npos);
}

} // namespace
} // namespace synapse::test
