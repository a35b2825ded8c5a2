#include "http/dialects/ollama/client/lists.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace synapse::http::ollama::client {
namespace {

using json = nlohmann::json;

listed_model full() {
  listed_model model;
  model.name = "org/llama3.1:\"8b\"";
  model.context = 8192;
  model.capabilities = {"chat", "completions", "tools", "vision", "reasoning", "speech"};
  model.loaded = true;
  model.size = 5'200'000'000;
  model.modified = 1785574800;
  model.family = "llama";
  model.parameter_size = "8.0B";
  model.quantization = "Q4_K_M";
  return model;
}

TEST(ollama_client_lists, tags_have_every_model_with_what_is_known_of_it) {
  listed_model bare;
  bare.name = "m";
  const auto said = json::parse(tags_body({full(), bare}))["models"];
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0]["name"], "org/llama3.1:\"8b\"");
  EXPECT_EQ(said[0]["model"], said[0]["name"]);
  EXPECT_EQ(said[0]["size"], 5'200'000'000);
  EXPECT_EQ(said[0]["modified_at"], "2026-08-01T09:00:00Z");
  EXPECT_EQ(said[0]["details"],
            json::parse(R"({"parent_model":"","format":"","family":"llama","families":["llama"],
              "parameter_size":"8.0B","quantization_level":"Q4_K_M","context_length":8192})"));
  EXPECT_EQ(said[0]["capabilities"], json({"completion", "tools", "vision", "thinking"}));
  EXPECT_EQ(said[1]["capabilities"], json({"completion"}));
  EXPECT_EQ(said[1]["details"]["families"], json::array());
  EXPECT_FALSE(said[1]["details"].contains("context_length"));
  EXPECT_EQ(tags_body({}), R"({"models":[]})");
}

TEST(ollama_client_lists, digests_are_names_own) {
  std::set<std::string> seen;
  for (const auto* name : {"a", "b", "a:latest"}) {
    listed_model model;
    model.name = name;
    const auto digest = json::parse(tags_body({model}))["models"][0]["digest"].get<std::string>();
    EXPECT_EQ(digest.size(), 64U);
    EXPECT_EQ(digest.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(seen.insert(digest).second);
    EXPECT_EQ(json::parse(tags_body({model}))["models"][0]["digest"], digest);
  }
}

TEST(ollama_client_lists, only_loaded_models_run) {
  auto idle = full();
  idle.loaded = false;
  const auto said = json::parse(ps_body({idle, full()}, 1785574800))["models"];
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0]["context_length"], 8192);
  EXPECT_EQ(said[0]["size_vram"], 5'200'000'000);
  EXPECT_EQ(said[0]["expires_at"], "2126-07-08T09:00:00Z");
  EXPECT_EQ(ps_body({idle}, 0), R"({"models":[]})");
}

TEST(ollama_client_lists, show_has_the_context_under_the_architectures_name) {
  const auto said = json::parse(show_body(full()));
  EXPECT_EQ(said["model_info"], json::parse(R"({"general.architecture":"llama",
            "general.basename":"org/llama3.1:\"8b\"","llama.context_length":8192})"));
  EXPECT_EQ(said["capabilities"], json({"completion", "tools", "vision", "thinking"}));
  EXPECT_EQ(said["details"]["family"], "llama");
  EXPECT_EQ(said["modified_at"], "2026-08-01T09:00:00Z");
  listed_model bare;
  bare.name = "embed";
  bare.context = 512;
  bare.capabilities = {"embeddings"};
  const auto other = json::parse(show_body(bare));
  EXPECT_EQ(other["model_info"]["unknown.context_length"], 512);
  EXPECT_EQ(other["model_info"]["general.architecture"], "unknown");
  EXPECT_EQ(other["capabilities"], json({"embedding"}));
}

TEST(ollama_client_lists, a_version_is_three_numbers) {
  EXPECT_EQ(version_body("0.12.3"), R"({"version":"0.12.3"})");
  EXPECT_EQ(version_body("v1.4.0-rc1+g12ab"), R"({"version":"1.4.0"})");
  EXPECT_EQ(version_body("2"), R"({"version":"2.0.0"})");
  EXPECT_EQ(version_body("1.2.3.4"), R"({"version":"1.2.3"})");
  EXPECT_EQ(version_body("unknown"), R"({"version":"0.0.0"})");
  const auto own = json::parse(version_body())["version"].get<std::string>();
  EXPECT_EQ(own.find_first_not_of("0123456789."), std::string::npos);
}

} // namespace
} // namespace synapse::http::ollama::client
