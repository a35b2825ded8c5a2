// Rules that hold for all types of backends.
#include "config/backend_types.hpp"
#include "providers/provider_table.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace synapse::providers {
namespace {

using config::backend_type;

/// What makes a backend work, is paid for, or changes it.
bool is_inference(std::string_view path) {
  constexpr std::array<std::string_view, 14> words{
      "chat",  "complet", "embed", "generate", "rerank",  "speech",  "transcri",
      "infer", "sleep?",  "wake",  "load",     "message", "synthes", "tokenize"};
  for (const auto word : words)
    if (path.find(word) != std::string_view::npos)
      return true;
  return false;
}

std::vector<std::string_view> paths_of(const descriptor& one) {
  std::vector<std::string_view> paths{one.detail.path, one.load.path, one.queue.path};
  paths.insert(paths.end(), one.health.paths.begin(), one.health.paths.end());
  paths.insert(paths.end(), one.discovery.paths.begin(), one.discovery.paths.end());
  std::erase(paths, std::string_view{});
  return paths;
}

config::backend_settings of_type(backend_type type) {
  config::backend_settings backend;
  backend.type = type;
  backend.health.detect = true;
  return backend;
}

TEST(descriptors, name_nothing_that_costs) {
  for (const auto& row : config::backend_types())
    for (const auto path : paths_of(descriptor_of(row.type))) {
      EXPECT_FALSE(is_inference(path)) << row.name << " " << path;
      EXPECT_TRUE(path.starts_with('/')) << row.name << " " << path;
    }
}

TEST(descriptors, are_whole) {
  for (const auto& row : config::backend_types()) {
    const auto& one = descriptor_of(row.type);
    EXPECT_EQ(one.health.paths[0].empty(), one.health.judge == nullptr) << row.name;
    EXPECT_EQ(one.discovery.paths[0].empty(), one.discovery.read == nullptr) << row.name;
    EXPECT_EQ(one.detail.path.empty(), one.detail.read == nullptr) << row.name;
    EXPECT_EQ(one.detail.path.empty(), one.detail.body_of == nullptr) << row.name;
    EXPECT_EQ(one.load.path.empty(), one.load.read == nullptr) << row.name;
    EXPECT_EQ(one.queue.path.empty(), one.queue.read == nullptr) << row.name;
    EXPECT_GE(one.discovery.every.busy.count(), 2) << row.name;
  }
}

TEST(descriptors, have_no_question_about_the_health_of_what_is_paid_for) {
  for (const auto& row : config::backend_types()) {
    const auto& one = descriptor_of(row.type);
    EXPECT_EQ(one.health.paths[0].empty(), row.paid) << row.name;
    if (!row.paid)
      continue;
    EXPECT_TRUE(one.load.path.empty() && one.queue.path.empty() && one.detail.path.empty())
        << row.name;
    if (!one.discovery.paths[0].empty()) {
      EXPECT_GE(one.discovery.every.busy, std::chrono::hours{1}) << row.name;
      EXPECT_GE(one.discovery.every.idle, std::chrono::hours{1}) << row.name;
    }
  }
}

TEST(descriptors, read_whatever_comes) {
  std::mt19937 random{11};
  const std::string seeds[] = {
      R"({"models":[{"name":"a","model":"a","size":1,"size_vram":0,"capabilities":["embed"]}]})",
      R"({"data":[{"id":"a","status":{"value":"loaded","args":["-c","5"]},"stats":{}}]})",
      R"({"model_id":"a","model_type":{"embedding":{}},"is_sleeping":true,"loaded":false})",
      R"({"model_info":{"general.architecture":"a","a.context_length":5},"capabilities":["x"]})"};
  for (int round = 0; round < 4000; ++round) {
    std::string body = seeds[random() % std::size(seeds)];
    for (unsigned i = random() % 4; i > 0; --i)
      body[random() % body.size()] = static_cast<char>(random() % 256);
    body.resize(body.size() - random() % 3);
    for (const auto& row : config::backend_types()) {
      const auto& one = descriptor_of(row.type);
      if (one.discovery.read != nullptr) {
        const auto list = one.discovery.read(body);
        EXPECT_TRUE(list.ok() || list.models.empty());
        for (const auto& model : list.models)
          EXPECT_EQ(model.capabilities.yes & model.capabilities.no, 0);
      }
      if (one.load.read != nullptr) {
        const auto load = one.load.read(200, body);
        EXPECT_TRUE(load.ok() || load.others == presence::unknown);
      }
      if (discovered_model model; one.detail.read != nullptr)
        static_cast<void>(one.detail.read(body, model));
      if (one.queue.read != nullptr)
        static_cast<void>(one.queue.read(body));
      if (one.health.judge != nullptr)
        static_cast<void>(one.health.judge(200, body));
    }
  }
}

TEST(health_paths, are_those_of_the_type) {
  EXPECT_EQ(health_paths(of_type(backend_type::ollama))[0], "/api/version");
  EXPECT_EQ(health_paths(of_type(backend_type::sglang))[0], "/get_model_info");
  EXPECT_EQ(health_paths(of_type(backend_type::piper))[0], "/voices");
  EXPECT_EQ(health_paths(of_type(backend_type::openai_compatible))[0], "/health");
  EXPECT_EQ(health_paths(of_type(backend_type::anthropic))[0], "");
}

TEST(health_paths, that_somebody_chose_are_the_only_ones) {
  for (const auto& row : config::backend_types()) {
    auto backend = of_type(row.type);
    backend.health.detect = false;
    backend.health.path = "/mine";
    EXPECT_EQ(health_paths(backend), (path_list{"/mine"})) << row.name;
  }
}

TEST(health_paths, that_somebody_chose_are_judged_by_their_status) {
  auto backend = of_type(backend_type::chatterbox);
  EXPECT_EQ(judge_health(backend, 200, R"({"loaded":false})"), wellness::unwell);
  backend.health.detect = false;
  EXPECT_EQ(judge_health(backend, 200, R"({"loaded":false})"), wellness::well);
}

TEST(key_lines, are_as_the_type_or_the_file_wants_them) {
  auto backend = of_type(backend_type::vllm);
  EXPECT_EQ(key_line(backend, ""), "");
  EXPECT_EQ(key_line(backend, "k"), "Authorization: Bearer k\r\n");
  EXPECT_EQ(key_line(of_type(backend_type::anthropic), "k"), "x-api-key: k\r\n");
  backend.authorization.header = "X-Mine";
  EXPECT_EQ(key_line(backend, "k"), "X-Mine: k\r\n");
}

} // namespace
} // namespace synapse::providers
