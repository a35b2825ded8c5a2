#include "config/catalog/catalog_defaults.hpp"
#include "config/catalog/deployment_reader.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

struct deployment_reading : testing::Test {
  std::string read(const std::string& text) {
    const auto root = parse_yaml(text, "f", problems);
    all.clear();
    read_deployments(reader, "d", {"d", 1, root}, all);
    return render_all(problems.take());
  }
  /// Of one deployment `keys` besides what is required.
  std::string read_one(const std::string& keys) {
    return read("- {backend: b, model: m, " + keys + "}\n");
  }

  problem_list problems;
  section_reader reader{"f", problems};
  std::vector<deployment_settings> all;
};

TEST_F(deployment_reading, every_key_is_taken_over) {
  EXPECT_EQ(read_one("id: i, order: 2, weight: 0.5, rpm: 60, tpm: 90000, max_requests: 4, tags: "
                     "[eu], cost: {input: 0.1, output: 3}, context: 8192, attempts: 2, failures: "
                     "3, cooldown: 5s, headers: {X-Team: a}, timeouts: {total: 9s}, defaults: "
                     "{temperature: 0.2, stop: [\"1\"]}"),
            "");
  ASSERT_EQ(all.size(), 1u);
  deployment_settings expected;
  expected.id = "i";
  expected.backend = "b";
  expected.model = "m";
  expected.order = 2;
  expected.weight = 0.5;
  expected.rpm = 60;
  expected.tpm = 90'000;
  expected.max_requests = 4;
  expected.tags = {"eu"};
  expected.cost_input = 0.1;
  expected.cost_output = 3;
  expected.context = 8192;
  expected.attempts = 2;
  expected.failures = 3;
  expected.cooldown = milliseconds{5'000};
  expected.headers = {{"X-Team", "a"}};
  expected.timeouts = backends_timeouts;
  expected.timeouts.total = milliseconds{9'000};
  expected.defaults = {{"temperature", "0.2"}, {"stop", "[\"1\"]"}};
  EXPECT_EQ(all[0], expected);
}

TEST_F(deployment_reading, capabilities_are_a_list_or_a_map) {
  EXPECT_EQ(read_one("capabilities: [chat, tools]"), "");
  EXPECT_TRUE(all[0].capabilities.has(capability::tools));
  EXPECT_EQ(all[0].capabilities.no, 0u);
  EXPECT_EQ(read_one("capabilities: {chat: yes, vision: no}"), "");
  EXPECT_TRUE(all[0].capabilities.has(capability::chat));
  EXPECT_TRUE(all[0].capabilities.lacks(capability::vision));
  EXPECT_FALSE(all[0].capabilities.lacks(capability::tools));
}

TEST_F(deployment_reading, mistakes_in_capabilities_are_told_with_what_is_right) {
  EXPECT_EQ(read_one("capabilities: [chatt, no_vision, \"!tools\"]"),
            "f:1: d[0].capabilities[0]: unknown capability \"chatt\" (did you mean \"chat\"?)\n"
            "f:1: d[0].capabilities[1]: what it cannot do is said in a map such as {vision: false, "
            "chat: true}\n"
            "f:1: d[0].capabilities[2]: what it cannot do is said in a map such as {tools: false, "
            "chat: true}\n");
  EXPECT_EQ(read_one("capabilities: chat"),
            "f:1: d[0].capabilities: must be a list such as [chat, tools], or a map such as {chat: "
            "true, vision: false}\n");
  EXPECT_EQ(read_one("capabilities: {chat: maybe}"),
            "f:1: d[0].capabilities.chat: must be true or false, not \"maybe\"\n");
}

TEST_F(deployment_reading, other_forms_are_refused_with_the_right_one) {
  const std::string list =
      "f:1: d: must be a list of at most 32 deployments such as {backend: NAME, model: NAME}\n";
  EXPECT_EQ(read("{backend: b, model: m}"), list);
  EXPECT_EQ(read("b/m"), list);
  std::string many = "[a";
  for (int i = 0; i < 32; ++i)
    many += ", a";
  EXPECT_EQ(read(many + "]"), list);
  EXPECT_EQ(read("- {backend: b, model: m}\n- b/m\n"),
            "f:2: d[1]: must be a map such as {backend: NAME, model: NAME}\n");
  EXPECT_EQ(all.size(), 2u) << "it keeps its place";
  EXPECT_TRUE(reader.is_reported("d[1].backend"));
}

TEST_F(deployment_reading, the_same_twice_is_told_with_both_lines) {
  EXPECT_EQ(read("- {backend: b, model: m}\n- {backend: b, model: n}\n- {model: m, backend: b}\n"),
            "f:3: d[2]: is the same backend and model as deployments[0] in line 1; give one of "
            "them more weight\n");
}

TEST_F(deployment_reading, slips_and_wrong_values_are_all_reported) {
  EXPECT_EQ(read("- backend: b\n"
                 "  modle: m\n"
                 "  weight: much\n"
                 "  cost: {inptu: 1, output: x}\n"
                 "  headers: [a]\n"
                 "  timeouts: {conect: 1s}\n"
                 "  defaults: 7\n"),
            "f:2: d[0].modle: unknown key (did you mean \"model\"?)\n"
            "f:3: d[0].weight: must be a number, not \"much\"\n"
            "f:4: d[0].cost.inptu: unknown key (did you mean \"input\"?)\n"
            "f:4: d[0].cost.output: must be a number, not \"x\"\n"
            "f:5: d[0].headers: must be a map of keys\n"
            "f:6: d[0].timeouts.conect: unknown key (did you mean \"connect\"?)\n"
            "f:7: d[0].defaults: must be a map of keys\n");
}

TEST_F(deployment_reading, defaults_are_bounded) {
  EXPECT_EQ(read_one("defaults: {a: " + std::string(65'000, 'x') + ", b: 1, c: .inf}"),
            "f:1: d[0].defaults.c: must be a number that JSON can say\n");
  EXPECT_EQ(
      read_one("defaults: {a: " + std::string(65'000, 'x') + ", b: " + std::string(600, 'x') + "}"),
      "f:1: d[0].defaults.b: is too long\n");
  std::string many;
  for (int i = 0; i < 65; ++i)
    many += (i == 0 ? "a" : ", a") + std::to_string(i) + ": 1";
  EXPECT_EQ(read_one("defaults: {" + many + "}"),
            "f:1: d[0].defaults: must not have more than 64 entries\n");
}

} // namespace
} // namespace synapse::config
