#include "config/catalog/catalog_defaults.hpp"
#include "config/rules/catalog_rules.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

struct catalog_rule : testing::Test {
  catalog_rule() {
    all.backends["vllm-a"].name = "vllm-a";
    all.backends["ollama"].name = "ollama";
  }

  catalog_model& add(std::string name, std::string model = "m") {
    catalog_model one;
    one.name = std::move(name);
    one.deployments.resize(1);
    one.deployments[0].backend = "ollama";
    one.deployments[0].model = std::move(model);
    return all.catalog.emplace_back(std::move(one));
  }

  std::string check() const {
    report out;
    check_catalog(out, all);
    return render_with_levels(out.take());
  }

  settings all;
};

TEST_F(catalog_rule, a_plain_catalog_is_valid) {
  add("a");
  add("b/*", "*");
  add("*", "x");
  EXPECT_EQ(check(), "");
}

TEST_F(catalog_rule, backend_and_model_have_to_be_there) {
  add("a").deployments[0] = {};
  add("b").deployments[0].backend = "olama";
  add("c").deployments.clear();
  EXPECT_EQ(check(), "catalog.a.deployments[0].backend: is required\n"
                     "catalog.a.deployments[0].model: is required\n"
                     "catalog.b.deployments[0].backend: unknown backend \"olama\" (did you mean "
                     "\"ollama\"?)\n"
                     "catalog.c.deployments: there must be at least one deployment\n");
}

TEST_F(catalog_rule, a_model_has_no_more_stars_than_the_name) {
  add("a", "*");
  add("b/*", "*-*");
  add("c/*/*", "*/*");
  EXPECT_EQ(check(), "catalog.a.deployments[0].model: must not have \"*\": the name has none that "
                     "it could stand for\n"
                     "catalog.b/*.deployments[0].model: must not have more \"*\" than the name, "
                     "which has 1\n");
}

TEST_F(catalog_rule, an_alias_means_one_name) {
  add("a").aliases = {"a", "b", "x", "*", std::string(513, 'y')};
  add("b").aliases = {"x", "z", "z"};
  EXPECT_EQ(check(), "catalog.a.aliases[0]: \"a\" is the name itself\n"
                     "catalog.a.aliases[1]: \"b\" is a name of the catalog\n"
                     "catalog.a.aliases[3]: must not have \"*\"; only names may\n"
                     "catalog.a.aliases[4]: must not be longer than 512 bytes\n"
                     "catalog.b.aliases[0]: \"x\" is an alias of \"a\" already\n"
                     "catalog.b.aliases[2]: \"z\" is an alias of \"b\" already\n");
  all.catalog.clear();
  add("a").aliases = std::vector<std::string>(17, "b");
  EXPECT_EQ(check(), "catalog.a.aliases: must not have more than 16 entries\n");
}

TEST_F(catalog_rule, a_name_comes_once) {
  add("a");
  add("a");
  EXPECT_EQ(check(), "catalog.a: given twice\n");
  all.litellm = "proxy.yaml";
  EXPECT_EQ(check(), "catalog.a: is also a name of proxy.yaml; one of the two has to go\n");
}

TEST_F(catalog_rule, ids_are_unique_in_the_whole_catalog) {
  add("a").deployments[0].id = "x";
  add("b").deployments[0].id = "x";
  add("c").deployments[0].id = std::string(641, 'x');
  EXPECT_EQ(check(), "catalog.b.deployments[0].id: \"x\" is the id of another deployment\n"
                     "catalog.c.deployments[0].id: must not be longer than 640 bytes\n");
}

TEST_F(catalog_rule, numbers_lie_in_their_ranges) {
  auto& one = add("a").deployments[0];
  one.weight = -1;
  one.order = 1'000'001;
  one.attempts = 21;
  one.cooldown = std::chrono::hours{25};
  one.cost_input = 1e7;
  one.timeouts.idle = std::chrono::hours{25};
  all.catalog[0].spill.wait = std::chrono::hours{2};
  EXPECT_EQ(check(), "catalog.a.spill.wait: must be between 0 and 1h\n"
                     "catalog.a.deployments[0].order: must be between 0 and 1000000\n"
                     "catalog.a.deployments[0].weight: must be between 0 and 1000000\n"
                     "catalog.a.deployments[0].attempts: must be 0 or between 1 and 20\n"
                     "catalog.a.deployments[0].cooldown: must be 0 or between 1ms and 24h\n"
                     "catalog.a.deployments[0].timeouts.idle: must be between 0 and 24h\n"
                     "catalog.a.deployments[0].cost.input: must be between 0 and 1000000\n");
}

TEST_F(catalog_rule, what_is_wrong_with_the_backends_timeouts_is_not_said_again) {
  all.backends["ollama"].timeouts.idle = std::chrono::hours{25};
  add("a").deployments[0].timeouts = backends_timeouts;
  apply_catalog_defaults(all);
  EXPECT_EQ(check(), "");
}

TEST_F(catalog_rule, a_tier_without_weight_is_warned_of) {
  auto& model = add("a");
  model.deployments.push_back(model.deployments[0]);
  model.deployments[0].weight = 0;
  EXPECT_EQ(check(), "");
  model.deployments[1].order = 2;
  EXPECT_EQ(check(),
            "warning: catalog.a.deployments: all weights of tier 1 are 0: it is asked only "
            "for by id\n");
}

TEST_F(catalog_rule, patterns_of_one_length_that_fit_the_same_are_warned_of) {
  add("a*", "m");
  add("*b", "m");
  add("*bc", "m");
  add("c*", "m");
  EXPECT_EQ(check(), "warning: catalog.*b: fits names that \"a*\" fits, and both have as many "
                     "characters: the first in the file gets them\n"
                     "warning: catalog.c*: fits names that \"*b\" fits, and both have as many "
                     "characters: the first in the file gets them\n");
}

TEST_F(catalog_rule, patterns_are_counted) {
  for (int i = 0; i < 65; ++i)
    add(std::to_string(i + 100) + "*");
  EXPECT_EQ(check(), "catalog: must not have more than 64 names with \"*\"\n");
}

TEST_F(catalog_rule, headers_carry_neither_keys_nor_what_frames_a_message) {
  add("a").deployments[0].headers = {{"Authorization", "Bearer sk-secret-value"},
                                     {"Content-Length", "1"},
                                     {"X Y", "z"},
                                     {"X-Api-Key", "sk-secret-value"},
                                     {"X-Team", "a\r\nb: c"},
                                     {"X-Ok", "fine"}};
  const auto found = check();
  EXPECT_EQ(found,
            "catalog.a.deployments[0].headers.Authorization: would hold a key; use the "
            "backend's authorization.bearer_env (and authorization.header)\n"
            "catalog.a.deployments[0].headers.Content-Length: is set by the gateway alone\n"
            "catalog.a.deployments[0].headers: \"X Y\" is no name of a header field\n"
            "catalog.a.deployments[0].headers.X-Api-Key: would hold a key; use the backend's "
            "authorization.bearer_env (and authorization.header)\n"
            "catalog.a.deployments[0].headers.X-Team: must not have control characters\n");
}

TEST_F(catalog_rule, tags_and_defaults_are_bounded) {
  auto& one = add("a").deployments[0];
  one.tags = {"eu", "a,b", std::string(65, 'x')};
  one.defaults = {{"model", "\"x\""}, {"big", std::string(70'000, '1')}};
  EXPECT_EQ(check(),
            "catalog.a.deployments[0].tags[1]: must have at most 64 bytes and no comma\n"
            "catalog.a.deployments[0].tags[2]: must have at most 64 bytes and no comma\n"
            "catalog.a.deployments[0].defaults: must not have more than 64 entries and 65536 "
            "bytes\n"
            "catalog.a.deployments[0].defaults.model: is what the deployment's own model says\n");
}

} // namespace
} // namespace synapse::config
