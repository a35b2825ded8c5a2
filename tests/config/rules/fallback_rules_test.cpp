#include "config/rules/fallback_rules.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

struct fallback_rule : testing::Test {
  fallback_rule() {
    for (const char* name : {"small", "middle", "large", "ollama/*"})
      all.catalog.emplace_back().name = name;
    all.catalog[0].aliases = {"mini"};
  }

  std::string check() const {
    report out;
    check_fallbacks(out, all);
    return render_with_levels(out.take());
  }

  settings all;
  fallback_settings& lists = all.fallbacks;
};

TEST_F(fallback_rule, names_aliases_and_what_a_pattern_fits_may_be_asked) {
  lists.any = {{"large", {"middle", "mini", "ollama/x"}}, {"ollama/*", {"ollama/safe", "small"}}};
  lists.defaults = {"small"};
  EXPECT_EQ(check(), "");
}

TEST_F(fallback_rule, unknown_names_are_told_with_the_nearest) {
  lists.any = {{"larg", {"small"}}, {"mini", {"large"}}, {"large", {"smal", "ollama/*", " "}}};
  lists.defaults = {"nothing-like-it"};
  EXPECT_EQ(
      check(),
      "fallbacks.any.larg: is no name of the catalog (did you mean \"large\"?)\n"
      "fallbacks.any.large[0]: is no name of the catalog: \"smal\" (did you mean \"small\"?)\n"
      "fallbacks.any.large[1]: must be one name; \"ollama/*\" stands for many\n"
      "fallbacks.any.large[2]: must not be empty\n"
      "fallbacks.any.mini: is an alias; write the name itself (did you mean \"small\"?)\n"
      "fallbacks.default[0]: is no name of the catalog: \"nothing-like-it\"\n");
}

TEST_F(fallback_rule, no_name_falls_back_to_itself) {
  lists.any = {{"small", {"small", "mini"}}};
  lists.policy = {{"large", {"middle", "middle"}}};
  EXPECT_EQ(check(), "fallbacks.any.small[0]: a name must not fall back to itself\n"
                     "fallbacks.any.small[1]: a name must not fall back to itself\n"
                     "fallbacks.policy.large[1]: \"middle\" stands there already\n");
}

TEST_F(fallback_rule, circles_are_found_across_all_lists) {
  lists.any = {{"small", {"middle"}}};
  lists.context = {{"middle", {"large"}}};
  EXPECT_EQ(check(), "");
  lists.policy = {{"large", {"mini"}}};
  EXPECT_EQ(check(), "fallbacks.any.small: leads in a circle: small → middle → large → small\n");
}

TEST_F(fallback_rule, the_default_is_part_of_circles) {
  lists.any = {{"small", {"large"}}};
  lists.defaults = {"small", "middle"};
  EXPECT_EQ(check(), "fallbacks.any.small: leads in a circle: small → large → small\n");
  // Names of the default itself end there.
  lists.any.clear();
  EXPECT_EQ(check(), "");
}

TEST_F(fallback_rule, more_names_or_longer_ways_than_hops_are_warned_of) {
  all.routing.hops = 1;
  lists.any = {{"large", {"middle", "small"}}};
  EXPECT_EQ(check(), "warning: fallbacks.any.large: has 2 names, but a request goes over 1 at most "
                     "(routing.hops)\n");
  lists.any = {{"large", {"middle"}}, {"middle", {"small"}}};
  EXPECT_EQ(check(), "warning: fallbacks: the way large → middle → small is longer than "
                     "routing.hops, which is 1\n");
}

TEST_F(fallback_rule, lists_are_bounded) {
  lists.any = {{"large", std::vector<std::string>(33, "small")}};
  EXPECT_EQ(check(), "fallbacks.any.large: must not have more than 32 entries\n");
}

TEST_F(fallback_rule, a_cell_does_not_cool_for_less_than_it_begins_with) {
  all.routing.cell.max_cooldown = milliseconds{10};
  EXPECT_EQ(check(), "routing.cell.max_cooldown: must not be shorter than cell.cooldown\n");
}

TEST_F(fallback_rule, a_long_chain_and_a_dense_net_are_done_quickly) {
  all.catalog.clear();
  for (int i = 0; i < 2048; ++i)
    all.catalog.emplace_back().name = "n" + std::to_string(i);
  for (int i = 0; i + 1 < 2048; ++i)
    for (int j = i + 1; j < std::min(2048, i + 6); ++j)
      lists.any["n" + std::to_string(i)].push_back("n" + std::to_string(j));
  const auto found = check();
  EXPECT_EQ(found.find("warning: fallbacks: the way n0 → n1 → n2"), 0u) << found.substr(0, 200);
  EXPECT_LT(found.size(), 5000u);
}

} // namespace
} // namespace synapse::config
