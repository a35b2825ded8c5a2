// What Ollama says of its models.
#include "providers/provider_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::providers {
namespace {

using config::capability;
const descriptor& ollama = descriptor_of(config::backend_type::ollama);

TEST(ollama_models, are_listed_with_what_newer_ones_add) {
  const auto list = ollama.discovery.read(R"({"models":[
    {"name":"qwen3:8b","model":"qwen3:8b","modified_at":"2026-08-01T09:00:00Z","size":5200000000,
     "digest":"3fa9","details":{"parent_model":"","format":"gguf","family":"qwen3",
     "families":["qwen3"],"parameter_size":"8.2B","quantization_level":"Q4_K_M"}},
    {"name":"gemma3:latest","model":"gemma3:latest","digest":"77aa",
     "details":{"context_length":131072},"capabilities":["completion","vision"]}]})");
  ASSERT_TRUE(list.ok()) << list.problem;
  ASSERT_EQ(list.models.size(), 2u);
  EXPECT_EQ(list.models[0].name, "qwen3:8b");
  EXPECT_EQ(list.models[0].version, "3fa9");
  EXPECT_EQ(list.models[0].context, 0u);
  EXPECT_EQ(list.models[0].capabilities, config::capability_set{}) << "older ones do not tell";
  EXPECT_EQ(list.models[1].further, std::vector<std::string>{"gemma3"});
  EXPECT_EQ(list.models[1].context, 131072u);
  EXPECT_TRUE(list.models[1].capabilities.has(capability::vision));
  EXPECT_TRUE(list.models[1].capabilities.lacks(capability::tools));
}

TEST(ollama_models, may_be_none) {
  EXPECT_TRUE(ollama.discovery.read(R"({"models":[]})").ok());
  EXPECT_TRUE(ollama.discovery.read(R"({"models":null})").ok());
  EXPECT_FALSE(ollama.discovery.read(R"({"error":"no"})").ok());
}

TEST(ollama_models, are_asked_for_by_name_in_json) {
  EXPECT_EQ(ollama.detail.body_of("a\"b"), R"({"model":"a\"b"})");
}

TEST(ollama_models, tell_more_of_themselves_one_by_one) {
  discovered_model model;
  EXPECT_EQ(ollama.detail.read(R"({"modelfile":"FROM x","parameters":"num_ctx 4096",
    "model_info":{"general.architecture":"qwen3","qwen3.context_length":40960,
    "other.context_length":7},"capabilities":["completion","tools","thinking"]})",
                               model),
            "");
  EXPECT_EQ(model.context, 40960u);
  for (const auto what : {capability::chat, capability::completions, capability::tools,
                          capability::reasoning, capability::json_schema})
    EXPECT_TRUE(model.capabilities.has(what)) << config::to_string(what);
  EXPECT_TRUE(model.capabilities.lacks(capability::vision));
  EXPECT_FALSE(model.capabilities.lacks(capability::embeddings)) << "any model may be asked";
}

TEST(ollama_models, that_are_for_vectors_do_not_chat) {
  discovered_model model;
  EXPECT_EQ(ollama.detail.read(R"({"capabilities":["embedding"]})", model), "");
  EXPECT_TRUE(model.capabilities.lacks(capability::chat));
  EXPECT_TRUE(model.capabilities.has(capability::embeddings));
}

TEST(ollama_models, of_older_ones_say_nothing_of_capabilities) {
  discovered_model model;
  EXPECT_EQ(ollama.detail.read(
                R"({"model_info":{"general.architecture":"a","a.context_length":9}})", model),
            "");
  EXPECT_EQ(model.context, 9u);
  EXPECT_EQ(model.capabilities, config::capability_set{});
  EXPECT_EQ(ollama.detail.read(R"({"capabilities":[],"model_info":{}})", model), "");
  EXPECT_EQ(model.capabilities, config::capability_set{}) << "an empty list is no answer";
}

TEST(ollama_models, stay_as_they_were_after_an_answer_that_is_none) {
  discovered_model model;
  model.context = 5;
  for (const std::string body : {"", "[]", "{}", R"({"error":"model not found"})"})
    EXPECT_NE(ollama.detail.read(body, model), "") << body;
  EXPECT_EQ(model.context, 5u);
  EXPECT_EQ(model.capabilities, config::capability_set{});
}

TEST(ollama_models, in_memory_are_those_that_run) {
  const auto load = ollama.load.read(200, R"({"models":[
    {"name":"qwen3:8b","model":"qwen3:8b","size":5600000000,"size_vram":5600000000,
     "expires_at":"2026-09-01T10:05:00Z","context_length":8192},
    {"name":"big:70b","size":40000000000,"size_vram":20000000000},
    {"name":"cpu:1b","size":1000000000,"size_vram":0},{"size":1},"x"]})");
  ASSERT_TRUE(load.ok()) << load.problem;
  ASSERT_EQ(load.models.size(), 3u);
  EXPECT_EQ(load.models[0].name, "qwen3:8b");
  EXPECT_EQ(load.models[0].memory, presence::loaded);
  EXPECT_EQ(load.models[0].context, 8192u);
  EXPECT_FALSE(load.models[0].partly_offloaded);
  EXPECT_TRUE(load.models[1].partly_offloaded);
  EXPECT_TRUE(load.models[2].partly_offloaded) << "all of it";
  EXPECT_EQ(load.others, presence::cold);
}

TEST(ollama_models, are_not_cold_because_of_an_answer_that_is_none) {
  for (const std::string body : {"", "{}", R"({"models":3})", "<html>"}) {
    const auto load = ollama.load.read(200, body);
    EXPECT_FALSE(load.ok()) << body;
    EXPECT_EQ(load.others, presence::unknown) << body;
  }
  EXPECT_FALSE(ollama.load.read(500, R"({"models":[]})").ok());
}

} // namespace
} // namespace synapse::providers
