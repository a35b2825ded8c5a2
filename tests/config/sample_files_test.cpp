#include "config/loader.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace synapse::config {
namespace {

settings load_sample(const std::string& name) {
  auto result = load_file(std::string{SYNAPSE_SOURCE_DIR} + "/config/" + name);
  EXPECT_EQ(render_all(result.problems), "");
  return result.value.value_or(settings{});
}

TEST(sample_files, the_registry_has_the_six_services) {
  const settings all = load_sample("backends.yaml");
  ASSERT_EQ(all.backends.size(), 6u);
  EXPECT_EQ(all.backends.at("llama-embed").url.to_string(), "http://llama-embed:8081");
  EXPECT_EQ(all.backends.at("llama-router").url.to_string(), "http://llama-router:8082");
  const backend_settings& speech = all.backends.at("chatterbox-tts");
  EXPECT_EQ(speech.url.port, 8004);
  EXPECT_EQ(speech.type, backend_type::chatterbox);
  EXPECT_EQ(speech.health.path, "/api/ui/initial-data");
  EXPECT_EQ(all.backends.at("whisper-stt").type, backend_type::faster_whisper);
  EXPECT_EQ(all.backends.at("pyannote-speaker").type, backend_type::pyannote);
  EXPECT_EQ(all.backends.at("deepfilter-audio").type, backend_type::deepfilter);
  EXPECT_EQ(speech.concurrency.max_requests, 1u);
  EXPECT_EQ(speech.concurrency.queue_timeout, std::chrono::minutes{2});
  EXPECT_EQ(all.backends.at("whisper-stt").concurrency.max_requests, 0u);
  EXPECT_EQ(all.routes.size(), 12u);
  // An answer of a slow model outlives a rolling update.
  EXPECT_EQ(all.drain.limit, std::chrono::minutes{5});
}

TEST(sample_files, its_routes_are_the_defaults) {
  const std::string text = read_all(std::string{SYNAPSE_SOURCE_DIR} + "/config/backends.yaml");
  const auto without = load_text(text.substr(0, text.find("\nroutes:")), "cut");
  ASSERT_TRUE(without);
  EXPECT_EQ(without.value->routes, load_sample("backends.yaml").routes);
}

/// Drops one "# " from the lines that are commented-out keys, one group at a time being enough to
/// show that none of them is misspelt: the values must be the defaults. A key may begin an entry of
/// a list, and a list in brackets may go on over several lines.
std::string uncommented(const std::string& text) {
  std::istringstream lines{text};
  std::string result;
  bool in_brackets = false;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t hash = line.find_first_not_of(' ');
    const bool comment = hash != std::string::npos && line.compare(hash, 2, "# ") == 0;
    const std::size_t begin = comment ? line.find_first_not_of("- ", hash + 2) : std::string::npos;
    const std::size_t colon = comment ? line.find(':', begin) : std::string::npos;
    const bool key = colon != std::string::npos &&
                     line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", begin) == colon;
    if (comment && (key || in_brackets)) {
      line.erase(hash, 2);
      const std::size_t open = line.find_last_of("[]");
      in_brackets = open == std::string::npos ? in_brackets : line[open] == '[';
    }
    result += line + "\n";
  }
  return result;
}

TEST(sample_files, what_is_commented_out_are_keys_with_their_defaults) {
  std::string text =
      uncommented(read_all(std::string{SYNAPSE_SOURCE_DIR} + "/config/backends.yaml"));
  // The long form of health replaces the short one.
  const std::size_t router = text.find("llama-router:8082");
  const std::string short_form = "    health: /health\n";
  text.erase(text.find(short_form, router), short_form.size());
  EXPECT_EQ(text.find("# threads"), std::string::npos);
  const auto result = load_text(text, "uncommented");
  ASSERT_TRUE(result) << render_all(result.problems) << text;
  EXPECT_EQ(*result.value, load_sample("backends.yaml"));
}

TEST(sample_files, the_example_of_a_catalog_is_valid) {
  std::istringstream lines{read_all(std::string{SYNAPSE_SOURCE_DIR} + "/config/backends.yaml")};
  std::string text = "backends: {vllm-a: {url: 'http://vllm-a:8000', type: vllm, gpu: gpu0}}\n";
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("## "))
      text += line.substr(3) + "\n";
  const auto result = load_text(text, "example");
  EXPECT_EQ(render_all(result.problems), "");
  ASSERT_TRUE(result) << text;
  ASSERT_EQ(result.value->catalog.size(), 1u);
  EXPECT_EQ(result.value->catalog[0].deployments.size(), 1u);
  EXPECT_EQ(result.value->gpus.size(), 1u);
}

TEST(sample_files, the_local_registry_stays_on_loopback) {
  const settings all = load_sample("local.yaml");
  const settings registry = load_sample("backends.yaml");
  // Two more stand for those that share a name.
  ASSERT_EQ(all.backends.size(), registry.backends.size() + 2);
  for (const auto& [name, backend] : all.backends) {
    EXPECT_EQ(backend.url.host, "127.0.0.1") << name;
    if (name == "local-gpu" || name == "local-cpu")
      continue;
    ASSERT_TRUE(registry.backends.contains(name)) << name;
    EXPECT_EQ(backend.type, registry.backends.at(name).type) << name;
    EXPECT_EQ(backend.health.path, registry.backends.at(name).health.path) << name;
  }
  EXPECT_EQ(all.routes, registry.routes);
}

TEST(sample_files, the_local_choice_is_among_the_models_of_the_local_router) {
  const auto& choice = load_sample("local.yaml").models.choice;
  EXPECT_EQ(choice.general, "local-docs");
  ASSERT_EQ(choice.rules.size(), 2u);
  EXPECT_EQ(choice.rules[0].model, "local-coder");
  EXPECT_EQ(choice.rules[1].model, "local-echo");
}

} // namespace
} // namespace synapse::config
