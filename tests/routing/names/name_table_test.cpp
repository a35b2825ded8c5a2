#include "routing/names/name_table.hpp"

#include <gtest/gtest.h>

namespace synapse::routing {
namespace {

using config::capability;

config::settings sample() {
  config::settings all;
  const auto backend = [&](const char* name, config::backend_type type) {
    auto& made = all.backends[name];
    made.name = name;
    made.type = type;
  };
  backend("cpu", config::backend_type::ollama);
  backend("gpu", config::backend_type::vllm);
  backend("voice", config::backend_type::piper);
  const auto model = [&](const char* name) -> config::catalog_model& {
    all.catalog.emplace_back().name = name;
    return all.catalog.back();
  };
  const auto deploy = [](config::catalog_model& into, const char* backend_name, const char* served,
                         unsigned order) {
    auto& made = into.deployments.emplace_back();
    made.backend = backend_name;
    made.model = served;
    made.id = std::string{backend_name} + "/" + served;
    made.order = order;
  };
  auto& llama = model("llama");
  llama.aliases = {"gpt-4o-mini"};
  deploy(llama, "cpu", "llama3.1:8b", 2);
  deploy(llama, "gpu", "meta/Llama", 1);
  deploy(model("ollama/*"), "cpu", "*", 1);
  deploy(model("*"), "gpu", "*", 1);
  deploy(model("ollama/*:small"), "cpu", "tiny-*", 1);
  deploy(model("speaker"), "voice", "en", 1);
  return all;
}

TEST(name_table, finds_names_then_aliases_then_the_pattern_with_most_letters) {
  const auto settings = sample();
  const name_table table{settings};
  const auto found = [&](std::string_view name) { return table.find(name)->settings->name; };
  EXPECT_EQ(found("llama"), "llama");
  EXPECT_EQ(found("gpt-4o-mini"), "llama");
  EXPECT_EQ(found("ollama/x"), "ollama/*");
  EXPECT_EQ(found("ollama/x:small"), "ollama/*:small");
  EXPECT_EQ(found("anything"), "*");
}

TEST(name_table, knows_nobody_without_a_pattern_that_matches) {
  auto settings = sample();
  std::erase_if(settings.catalog, [](const auto& one) { return one.name == "*"; });
  const name_table table{settings};
  EXPECT_EQ(table.find("anything"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
}

TEST(name_table, has_deployments_by_tier) {
  const auto settings = sample();
  const name_table table{settings};
  const auto all = table.find("llama")->deployments;
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].settings->id, "gpu/meta/Llama");
  EXPECT_EQ(all[1].settings->id, "cpu/llama3.1:8b");
  for (const auto& one : table.deployments())
    EXPECT_EQ(table.find_deployment(one.settings->id)->settings->id, one.settings->id);
}

TEST(name_table, excludes_what_a_type_cannot_do_and_what_a_list_of_kinds_leaves_out) {
  auto settings = sample();
  settings.catalog[0].deployments[1].capabilities.yes =
      config::capability_set::bit(capability::embeddings);
  const name_table table{settings};
  EXPECT_TRUE(table.find("speaker")->deployments[0].capabilities.lacks(capability::chat));
  EXPECT_FALSE(table.find("speaker")->deployments[0].capabilities.lacks(capability::speech));
  const auto& embedder = *table.find_deployment("gpu/meta/Llama");
  EXPECT_TRUE(embedder.capabilities.lacks(capability::chat));
  EXPECT_FALSE(embedder.capabilities.lacks(capability::embeddings));
}

TEST(name_table, fills_stars_in_order) {
  config::catalog_model name;
  name.name = "ollama/*";
  EXPECT_EQ(served_model(name, "*", "ollama/qwen3:8b"), "qwen3:8b");
  EXPECT_EQ(served_model(name, "lib/*-q4", "ollama/qwen"), "lib/qwen-q4");
  EXPECT_EQ(served_model(name, "fixed", "ollama/qwen"), "fixed");
  name.name = "*/x/*";
  EXPECT_EQ(served_model(name, "*+*", "a/x/b"), "a+b");
  EXPECT_EQ(served_model(name, "*", "a/x/b"), "a");
  name.name = "*:small";
  EXPECT_EQ(served_model(name, "*", "a:small:small"), "a:small");
}

TEST(name_table, matches_stars_anywhere) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*c", "abc"));
  EXPECT_TRUE(matches_pattern("a*c", "ac"));
  EXPECT_TRUE(matches_pattern("*a*", "bab"));
  EXPECT_FALSE(matches_pattern("a*c", "abd"));
  EXPECT_FALSE(matches_pattern("abc", "ab"));
  EXPECT_FALSE(matches_pattern("", "a"));
}

TEST(name_table, resolves_fallbacks_with_those_of_all_names_last) {
  auto settings = sample();
  settings.fallbacks.any["llama"] = {"speaker", "gone"};
  settings.fallbacks.context["llama"] = {"ollama/big"};
  settings.fallbacks.defaults = {"llama", "speaker", "ollama/x"};
  const name_table table{settings};
  const auto names = [&](const std::vector<fallback_name>& list) {
    std::string result;
    for (const auto& one : list)
      result += table.name(one.place).settings->name + " ";
    return result;
  };
  // "gone" is matched by the pattern of all names.
  EXPECT_EQ(names(table.find("llama")->any), "speaker * ollama/* ");
  EXPECT_EQ(names(table.find("llama")->context), "ollama/* ");
  EXPECT_EQ(table.find("llama")->context[0].asked, "ollama/big");
  EXPECT_EQ(names(table.find("llama")->policy), "speaker * ollama/* ");
  EXPECT_EQ(names(table.find("speaker")->any), "llama ollama/* ");
}

TEST(name_table, a_pattern_falls_back_to_others_of_its_own_models) {
  auto settings = sample();
  settings.fallbacks.any["ollama/*"] = {"ollama/a", "ollama/b", "ollama/a"};
  settings.fallbacks.defaults = {"ollama/c", "speaker", "ollama/a"};
  const name_table table{settings};
  std::string asked;
  for (const auto& one : table.find("ollama/x")->any)
    (asked += one.asked) += ' ';
  EXPECT_EQ(asked, "ollama/a ollama/b ollama/c speaker ");
}

TEST(name_table, tells_cells_apart_by_backend_model_and_kind) {
  const auto settings = sample();
  const name_table table{settings};
  const auto& one = *table.find_deployment("gpu/meta/Llama");
  const auto& other = *table.find_deployment("cpu/llama3.1:8b");
  EXPECT_NE(one.cell_of(kind::chat), one.cell_of(kind::embeddings));
  EXPECT_NE(one.cell_of(kind::chat), other.cell_of(kind::chat));
  EXPECT_EQ(one.cell_of(kind::chat),
            name_table{settings}.find("llama")->deployments[0].cell_of(kind::chat));
  EXPECT_NE(one.cell_of(kind::chat), 0U);
}

TEST(name_table, has_hashes_that_replicas_agree_on) {
  EXPECT_EQ(stable_hash(""), stable_hash("", 0));
  EXPECT_EQ(stable_hash("gpu/meta/Llama"), 0xe0d8d62131f79590U)
      << std::hex << stable_hash("gpu/meta/Llama");
}

} // namespace
} // namespace synapse::routing
