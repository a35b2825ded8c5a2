/// @file
/// A runtime controller with everything around it played by the test, in virtual time.
#pragma once

#include "actors/kubernetes/runtime_controller.hpp"
#include "actors/protocol/error.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/kubernetes/scripted_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using answer_to_apply = test::deterministic_actor_system::pending<runtime_applied>;

/// The status of a Deployment; Kubernetes leaves out what is zero.
inline nlohmann::json status(int observed, int replicas, int updated, int available) {
  auto result = nlohmann::json{{"observedGeneration", observed}};
  for (const auto& [name, value] :
       {std::pair{"replicas", replicas}, std::pair{"updatedReplicas", updated},
        std::pair{"availableReplicas", available}})
    if (value != 0)
      result[name] = value;
  return result;
}

struct runtime_bed : testing::Test {
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "synapse-account-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    account = pattern;
    write("token", "first\n");
    write("ca.crt", "authority");
    parts.timeout = 60s;
    parts.cluster.service_account_dir = account;
    parts.cluster.variables = [this](const std::string& name) { return variables[name]; };
    parts.cluster.resolver = spawn_fake(actors.system(), resolver);
    parts.cluster.make_tls = [this](const std::string& file, std::string& problem) {
      authorities.push_back(file);
      problem = tls_problem;
      return std::make_shared<net::asio::ssl::context>(net::asio::ssl::context::tls_client);
    };
    parts.cluster.make_link = [this](const tls_context& tls, const std::string& name) {
      EXPECT_NE(tls, nullptr);
      names.push_back(name);
      links.push_back(spawn_fake(actors.system(), cluster));
      ended.push_back(test::deterministic_actor_system::watch(links.back()));
      return links.back();
    };
    parts.note = [this](const std::string& text) { notes.push_back(text); };
    parts.report = [this](const std::string& text) { reports.push_back(text); };
  }
  void TearDown() override {
    if (controller)
      actors.end(controller);
    for (const auto& one : ended)
      EXPECT_TRUE(*one) << "a link is left over";
    actors.end(parts.cluster.resolver);
    parts.cluster.resolver = nullptr;
    fs::remove_all(account);
    for (const auto* texts : {&notes, &reports})
      for (const auto& text : *texts)
        EXPECT_THAT(text, testing::Not(testing::HasSubstr(cluster->token)));
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream{fs::path{account} / name, std::ios::trunc} << text;
  }

  answer_to_apply begin(std::int64_t tokens) {
    if (!controller)
      controller = spawn_runtime_controller(actors.system(), parts);
    auto question = actors.begin_ask<runtime_applied>(controller, apply_runtime{tokens});
    actors.settle();
    return question;
  }
  /// Waits for as long as a change may take.
  answer_to_apply apply(std::int64_t tokens) {
    auto question = begin(tokens);
    for (int i = 0; i < 700 && !question.answered(); ++i)
      actors.advance(100ms, 100ms);
    EXPECT_TRUE(question.answered());
    return question;
  }
  void expect_applied(const answer_to_apply& question, bool changed, std::int64_t generation) {
    ASSERT_TRUE(question.answered());
    ASSERT_TRUE(*question) << render((*question).error());
    EXPECT_EQ(question->changed, changed);
    EXPECT_EQ(question->generation, generation);
  }
  void expect_error(const answer_to_apply& question, ec code,
                    const testing::Matcher<std::string>& text) {
    ASSERT_TRUE(question.answered());
    ASSERT_FALSE(*question);
    EXPECT_EQ((*question).error(), caf::make_error(code)) << render((*question).error());
    EXPECT_THAT(detail((*question).error()), text);
    EXPECT_THAT(detail((*question).error()), testing::Not(testing::HasSubstr(cluster->token)));
  }
  nlohmann::json args() { return cluster->container()["args"]; }

  test::deterministic_actor_system actors;
  std::shared_ptr<scripted_cluster> cluster = std::make_shared<scripted_cluster>();
  std::shared_ptr<fake_resolver> resolver = std::make_shared<fake_resolver>();
  std::map<std::string, std::string> variables{{"KUBERNETES_SERVICE_HOST", "10.96.0.1"},
                                               {"KUBERNETES_SERVICE_PORT", "6443"}};
  std::string account;
  std::string tls_problem;
  std::vector<std::string> authorities, names, notes, reports;
  std::vector<http_link_actor> links;
  std::vector<std::shared_ptr<const bool>> ended;
  runtime_controller_parts parts;
  runtime_controller_actor controller;
};

} // namespace synapse::actors
