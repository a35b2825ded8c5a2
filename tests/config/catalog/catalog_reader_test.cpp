#include "config/catalog/catalog_reader.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace synapse::config {
namespace {

const std::string backends = "backends: {b: {url: 'http://b', type: vllm}}\n";

settings catalog_from(const std::string& text) {
  auto result = load_text(text, "f");
  std::erase_if(result.problems, [](const auto& one) {
    return one.message.find("does nothing yet") != one.message.npos;
  });
  EXPECT_EQ(render_all(result.problems), "") << text;
  return result.value.value_or(settings{});
}

std::string mistakes(const std::string& text) {
  return problems_of(backends + text);
}

TEST(catalog_reader, the_whole_form_is_taken_over) {
  const auto all =
      catalog_from("catalog:\n"
                   "  llama3.1-8b:\n"
                   "    aliases: [gpt-4o-mini]\n"
                   "    strategy: least_busy\n"
                   "    affinity: session\n"
                   "    hidden: true\n"
                   "    spill: {wait: 1s, queue: 3}\n"
                   "    deployments: [{backend: gpu, model: a}, {backend: cpu, model: b}]\n"
                   "  \"ollama/*\": {deployments: [{backend: cpu, model: \"*\"}]}\n"
                   "fallbacks: {any: {llama3.1-8b: [ollama/x]}, default: [ollama/x]}\n"
                   "routing: {deadline: 5m, on_exhausted: wait, cell: {failures: 2}}\n"
                   "gpus: {gpu0: {vram: 32GiB, reserve: 2GiB, exclusive: [[gpu, two]]}}\n"
                   "backends:\n"
                   "  cpu: {url: 'http://cpu', type: ollama, keep_alive: 5m}\n"
                   "  gpu: {url: 'http://gpu', type: vllm, gpu: gpu0, persistent: true, vram: "
                   "{awake: 20GiB, asleep: 2GiB}, sleep: {idle: 10m, level: 2, warm_up: true, "
                   "wake_timeout: 30s}}\n"
                   "  two: {url: 'http://two', type: vllm, gpu: gpu0}\n"
                   "routes: {/x: two}\n");
  ASSERT_EQ(all.catalog.size(), 2u);
  const catalog_model& first = all.catalog[0];
  EXPECT_EQ(first.name, "llama3.1-8b");
  EXPECT_EQ(first.aliases, (std::vector<std::string>{"gpt-4o-mini"}));
  EXPECT_EQ(first.strategy, pick_strategy::least_busy);
  EXPECT_EQ(first.affinity, affinity_rule::session);
  EXPECT_TRUE(first.hidden);
  EXPECT_EQ(first.spill, (spill_settings{milliseconds{1000}, 3}));
  EXPECT_EQ(first.deployments[1].id, "cpu/b");
  EXPECT_EQ(first.deployments[0].timeouts, all.backends.at("gpu").timeouts);
  EXPECT_TRUE(all.catalog[1].is_pattern());
  EXPECT_EQ(all.fallbacks.any.at("llama3.1-8b"), (std::vector<std::string>{"ollama/x"}));
  EXPECT_EQ(all.fallbacks.defaults, (std::vector<std::string>{"ollama/x"}));
  EXPECT_EQ(all.routing.deadline, std::chrono::minutes{5});
  EXPECT_TRUE(all.routing.wait_when_exhausted);
  EXPECT_EQ(all.routing.cell.failures, 2u);
  EXPECT_EQ(all.gpus.at("gpu0").vram, std::size_t{32} << 30);
  EXPECT_EQ(all.gpus.at("gpu0").exclusive, (std::vector<std::vector<std::string>>{{"gpu", "two"}}));
  EXPECT_EQ(all.backends.at("cpu").keep_alive, std::chrono::minutes{5});
  EXPECT_EQ(all.backends.at("two").keep_alive, milliseconds{-1});
  EXPECT_EQ(all.backends.at("gpu").sleep,
            (sleep_settings{std::chrono::minutes{10}, 2, true, std::chrono::seconds{30}}));
  EXPECT_TRUE(all.backends.at("gpu").persistent);
}

TEST(catalog_reader, short_forms_are_refused_with_the_right_one) {
  EXPECT_EQ(mistakes("catalog:\n"
                     "  a: b\n"
                     "  c: [{backend: b, model: m}]\n"
                     "  d: {backend: b, deployments: [{backend: b, model: m}]}\n"
                     "  e:\n"),
            "test.yaml:3: catalog.a: must be a map such as {deployments: [{backend: NAME, model: "
            "NAME}]}\n"
            "test.yaml:4: catalog.c: must be a map such as {deployments: [{backend: NAME, model: "
            "NAME}]}\n"
            "test.yaml:5: catalog.d.backend: unknown key (did you mean "
            "\"deployments[].backend\"?)\n"
            "test.yaml:6: catalog.e: must be a map such as {deployments: [{backend: NAME, model: "
            "NAME}]}\n");
}

TEST(catalog_reader, choices_are_told_with_the_nearest) {
  EXPECT_EQ(mistakes("catalog:\n"
                     "  a:\n"
                     "    strategy: least-busy\n"
                     "    affinity: [x]\n"
                     "    deployments: [{backend: b, model: m}]\n"
                     "routing: {on_exhausted: waitt}\n"),
            "test.yaml:4: catalog.a.strategy: must be adaptive, shuffle, least_busy, p2c, usage or "
            "cheapest, not \"least-busy\" (did you mean \"least_busy\"?)\n"
            "test.yaml:5: catalog.a.affinity: must be a single value\n"
            "test.yaml:7: routing.on_exhausted: must be fail or wait, not \"waitt\" (did you mean "
            "\"wait\"?)\n");
}

TEST(catalog_reader, names_that_cannot_be_used_are_shown_safely) {
  const std::string found =
      mistakes("catalog: {\"a\\nb\": {}, \"\": {}, \"" + std::string(600, 'n') +
               "\": {}}\n"
               "fallbacks: {any: {\"x\\x1b\": []}}\n");
  EXPECT_EQ(found, "test.yaml:2: catalog: the name \"a\\x0ab\" must not have control characters\n"
                   "test.yaml:2: catalog: the name \"\" must not be empty\n"
                   "test.yaml:2: catalog: the name \"" +
                       std::string(60, 'n') +
                       "…\" must not be longer than 512 bytes\n"
                       "test.yaml:3: fallbacks.any: the name \"x\\x1b\" must not have control "
                       "characters\n");
}

TEST(catalog_reader, the_keys_of_a_key_are_not_those_of_the_file) {
  const std::string found =
      problems_of("backends: {b: {url: 'http://b', authorization: {literal: sk-secret-value}}}\n");
  EXPECT_EQ(found, "test.yaml:1: backends.b.authorization.literal: unknown key\n");
}

TEST(catalog_reader, a_card_is_a_map_and_its_exclusive_backends_lists) {
  EXPECT_EQ(mistakes("gpus: {a: 24GiB, c: {vram: 1GiB, exclusive: [x, y]}}\n"),
            "test.yaml:2: gpus.a: must be a map such as {vram: 24GiB}\n"
            "test.yaml:2: gpus.c.exclusive: must be a list of at most 64 lists of backends such as "
            "[[a, b]]\n"
            "test.yaml:2: gpus.c.reserve: must be smaller than vram\n");
}

TEST(catalog_reader, a_litellm_file_is_only_remembered) {
  EXPECT_EQ(catalog_from(backends + "litellm: config.yaml\nroutes: {/x: b}\n").litellm,
            "config.yaml");
  EXPECT_EQ(mistakes("litellm: [a]\n"), "test.yaml:2: litellm: must be the name of a file\n");
}

std::string many_names(int count) {
  std::string text = "catalog:\n";
  for (int i = 0; i < count; ++i)
    text += "  n" + std::to_string(i) + ": {deployments: [{backend: b, model: m}]}\n";
  return text;
}

TEST(catalog_reader, names_are_counted) {
  EXPECT_EQ(catalog_from(backends + many_names(2048)).catalog.size(), 2048u);
  EXPECT_EQ(mistakes(many_names(5000)),
            "test.yaml:2: catalog: must not have more than 2048 entries\n");
}

TEST(catalog_reader, five_thousand_mistakes_are_a_bounded_report) {
  std::string text = "catalog:\n";
  for (int i = 0; i < 2000; ++i)
    text += "  n" + std::to_string(i) + ": {deployments: [{backend: c, weight: x}], strategy: y}\n";
  const std::string found = mistakes(text);
  EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 101);
}

TEST(catalog_reader, aliases_of_the_whole_form_work_and_count_each_time) {
  std::string text = "x-list: &l [{backend: b, model: m}]\ncatalog:\n";
  for (int i = 0; i < 100; ++i)
    text += "  n" + std::to_string(i) + ": {deployments: *l}\n";
  const auto all = catalog_from(backends + text);
  ASSERT_EQ(all.catalog.size(), 100u);
  EXPECT_EQ(all.catalog[99].deployments[0].id, "b/m#100");
  // 2,000 names of 32 deployments with 16 long tags each would be a gigabyte.
  text = "x-t: &t [" + std::string(60'000, 'x') +
         "]\nx-d: &d {backend: b, model: m, tags: *t}\n"
         "x-l: &l [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\ncatalog:\n";
  for (int i = 0; i < 2000; ++i)
    text += "  n" + std::to_string(i) + ": {deployments: *l}\n";
  EXPECT_EQ(mistakes(text),
            "test.yaml:5: catalog: is too large: an alias counts as often as it is used\n");
}

TEST(catalog_reader, deep_values_are_refused) {
  const std::string deep = std::string(28, '[') + std::string(28, ']');
  EXPECT_TRUE(mistakes("catalog: {a: {deployments: [{backend: b, model: m, defaults: {x: " + deep +
                       "}}]}}\n")
                  .find("nested too deeply") != std::string::npos);
}

/// Whatever comes, settings or a reason.
TEST(catalog_reader, damaged_catalogs_are_loaded_or_refused_with_a_reason) {
  const std::string whole =
      backends + "x-d: &d {a: [1, {b: ~}]}\n"
                 "catalog:\n"
                 "  n: {aliases: [o], spill: {wait: 1s}, strategy: p2c, deployments: "
                 "[{backend: b, model: m, weight: 2, cost: {input: 1}, capabilities: "
                 "{chat: true}, defaults: *d, headers: {X-A: b}, timeouts: {idle: 1s}}]}\n"
                 "  \"p*\": {deployments: [{backend: b, model: \"*\", tags: [eu]}]}\n"
                 "fallbacks: {any: {n: [p1]}, context: {\"p*\": [n2]}, default: [n]}\n"
                 "routing: {attempts: 2, cell: {rate: 0.5}, on_exhausted: wait}\n"
                 "gpus: {g: {vram: 8GiB, exclusive: [[b, c]]}}\n";
  const auto check = [](const std::string& text) {
    const auto result = load_text(text, "f");
    EXPECT_NE(result.value.has_value(), has_errors(result.problems)) << text;
  };
  constexpr std::string_view damage = "\"'[]{}:*&!|>%@`#-?\t\n\x80\xff";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    check(whole.substr(0, i));
    std::string text = whole;
    text[i] = damage[i % damage.size()];
    check(text);
    text = whole;
    text.erase(i, 1 + i % 7);
    check(text);
  }
}

TEST(catalog_reader, says_of_keys_that_do_nothing_yet_that_they_do) {
  EXPECT_EQ(mistakes("routing: {on_exhausted: wait, hedge: true}\ncatalog: {n: {deployments: "
                     "[{backend: b, model: m}]}}\n"),
            "test.yaml:2: routing.hedge: does nothing yet\n");
}

} // namespace
} // namespace synapse::config
