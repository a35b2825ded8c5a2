#include "config/text/section_reader.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

struct section_reading : testing::Test {
  /// Reads the fields of a deployment, whose table has every kind of value but durations' lists.
  std::string read(const std::string& text) {
    const auto root = parse_yaml(text, "f", problems);
    reader.read_section("p.", {"p", 1, root}, one);
    return render_all(problems.take());
  }

  problem_list problems;
  section_reader reader{"f", problems};
  deployment_settings one;
};

TEST_F(section_reading, fills_fields_and_keeps_their_lines) {
  EXPECT_EQ(read("weight: 2.5\n\ntags:\n- a\n- b\n"), "");
  EXPECT_EQ(one.weight, 2.5);
  EXPECT_EQ(one.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(reader.line_of("p.weight"), 1u);
  EXPECT_EQ(reader.line_of("p.tags[1]"), 5u);
  EXPECT_EQ(reader.line_of("p.tags[7]"), 3u) << "the nearest enclosing key";
  EXPECT_TRUE(reader.was_given("p.tags"));
  EXPECT_FALSE(reader.was_given("p.order"));
}

TEST_F(section_reading, what_was_reported_is_not_said_again) {
  EXPECT_EQ(read("weight: many\n"), "f:1: p.weight: must be a number, not \"many\"\n");
  EXPECT_TRUE(reader.is_reported("p.weight"));
  EXPECT_FALSE(reader.is_reported("p.order"));
  reader.take_as_reported("p.order");
  EXPECT_TRUE(reader.is_reported("p.order"));
  // Without backends every deployment would seem to lead nowhere.
  reader.report(1, "backends", "is wrong");
  EXPECT_TRUE(reader.is_reported("catalog.a.deployments[0].backend"));
  EXPECT_FALSE(reader.is_reported("catalog.a.deployments[0].weight"));
  EXPECT_FALSE(reader.is_reported("fallbacks.any.a"));
  reader.report(1, "catalog", "is wrong");
  EXPECT_TRUE(reader.is_reported("fallbacks.any.a"));
}

TEST_F(section_reading, keys_below_a_name_are_looked_for_on_the_level_of_the_name) {
  reader.unknown_key("catalog.a.b.deployments[0].", {"queue", 4, nullptr}, {"model"});
  reader.unknown_key("gpus.a.", {"min_awak", 5, nullptr}, {"min_awake"});
  EXPECT_EQ(render_all(problems.take()),
            "f:4: catalog.a.b.deployments[0].queue: unknown key (did you mean \"spill.queue\"?)\n"
            "f:5: gpus.a.min_awak: unknown key (did you mean \"min_awake\"?)\n");
}

TEST_F(section_reading, notes_stop_nothing) {
  reader.note("p", "is understood");
  const auto found = problems.take();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].level, severity::note);
  EXPECT_FALSE(reader.is_reported("p"));
}

} // namespace
} // namespace synapse::config
