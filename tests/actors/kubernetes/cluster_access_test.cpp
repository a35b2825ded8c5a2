#include "actors/kubernetes/cluster_access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace synapse::kubernetes {
namespace {

using testing::HasSubstr;
using testing::Not;

struct found_api {
  std::string url; ///< "" when there is none
  std::string problem;
  bool outside = false;
};

found_api find(const std::string& override_url, std::map<std::string, std::string> variables) {
  found_api result;
  const auto api = find_api(
      override_url, [&](const std::string& name) { return variables[name]; }, result.problem,
      result.outside);
  if (api) {
    EXPECT_TRUE(api->tls);
    result.url = api->to_string();
  }
  return result;
}

constexpr auto host = "KUBERNETES_SERVICE_HOST";
constexpr auto port = "KUBERNETES_SERVICE_PORT";
constexpr auto https_port = "KUBERNETES_SERVICE_PORT_HTTPS";

TEST(api_addresses, come_from_what_every_pod_is_told) {
  EXPECT_EQ(find("", {{host, "10.96.0.1"}, {port, "6443"}}).url, "https://10.96.0.1:6443");
  EXPECT_EQ(find("", {{host, "10.96.0.1"}, {https_port, "6443"}}).url, "https://10.96.0.1:6443");
  EXPECT_EQ(find("", {{host, "h"}, {port, "1"}, {https_port, "2"}}).url, "https://h:1");
  EXPECT_EQ(find("", {{host, "10.96.0.1"}}).url, "https://10.96.0.1");
  EXPECT_EQ(find("", {{host, "fd00::1"}, {port, "443"}}).url, "https://[fd00::1]");
  EXPECT_EQ(find("", {{host, "[fd00::1]"}, {port, "6443"}}).url, "https://[fd00::1]:6443");
  EXPECT_EQ(find("", {{port, "443"}}).url, "https://kubernetes.default.svc");
}

TEST(api_addresses, can_be_given) {
  const auto api = find("https://api.example/k8s/", {{host, "10.96.0.1"}});
  EXPECT_EQ(api.url, "https://api.example/k8s");
  const auto plain = find("http://127.0.0.1:8001", {});
  EXPECT_EQ(plain.url, "");
  EXPECT_FALSE(plain.outside);
  EXPECT_THAT(plain.problem, HasSubstr("https://"));
}

TEST(api_addresses, are_not_there_outside_of_a_cluster) {
  const auto none = find("", {});
  EXPECT_EQ(none.url, "");
  EXPECT_TRUE(none.outside);
  EXPECT_THAT(none.problem, HasSubstr("KUBERNETES_SERVICE_HOST"));
}

TEST(api_addresses, of_the_wrong_form_are_refused_by_name) {
  const auto bad_port = find("", {{host, "h"}, {port, "tcp://10.0.0.1:443"}});
  EXPECT_FALSE(bad_port.outside);
  EXPECT_THAT(bad_port.problem, HasSubstr("KUBERNETES_SERVICE_PORT must"));
  EXPECT_THAT(find("", {{host, "h"}, {https_port, "0"}}).problem, HasSubstr("PORT_HTTPS must"));
  EXPECT_THAT(find("", {{host, "a b\r\n"}}).problem, HasSubstr("KUBERNETES_SERVICE_HOST is"));
}

TEST(api_paths, are_below_the_base_path) {
  config::backend_url api;
  EXPECT_EQ(deployment_path(api, "llm-infra", "llama-router"),
            "/apis/apps/v1/namespaces/llm-infra/deployments/llama-router");
  api.base_path = "/k8s";
  EXPECT_THAT(deployment_path(api, "a", "b"), HasSubstr("/k8s/apis/"));
}

struct tokens : testing::Test {
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "synapse-tokens-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory); }
  config::parsed<std::string> read(const std::string& content) const {
    std::ofstream{directory + "/token", std::ios::binary} << content;
    return read_token(directory);
  }
  std::string directory;
};

TEST_F(tokens, are_read_without_trailing_white_space) {
  const auto token = read("eyJh.bGci-_\r\n \n");
  ASSERT_TRUE(token) << token.error;
  EXPECT_EQ(*token, "eyJh.bGci-_");
  EXPECT_EQ(*read("second"), "second");
}

TEST_F(tokens, that_cannot_be_used_are_refused_without_being_told) {
  EXPECT_THAT(read_token(directory).error, HasSubstr(directory + "/token"));
  EXPECT_THAT(read(" \n").error, HasSubstr("it is empty"));
  EXPECT_THAT(read(std::string(70'000, 'x')).error, HasSubstr("too large"));
  for (const char* odd :
       {"secret\r\nX: y", "secret two", "\tsecret", "secret\x7f", "secr\xc3\xa4t"}) {
    const auto token = read(odd);
    ASSERT_FALSE(token) << odd;
    EXPECT_THAT(token.error, HasSubstr("characters"));
    EXPECT_THAT(token.error, Not(HasSubstr("secr")));
  }
}

} // namespace
} // namespace synapse::kubernetes
