#include "config/backend_types.hpp"
#include "config/defaults/route_defaults.hpp"
#include "config/values/values.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace synapse::config {
namespace {

TEST(backend_types, are_found_by_their_names) {
  std::set<std::string_view> names;
  for (const auto& row : backend_types()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(to_string(row.type), row.name);
    const auto parsed = parse_backend_type(row.name);
    ASSERT_TRUE(parsed) << row.name;
    EXPECT_EQ(*parsed.value, row.type);
    EXPECT_EQ(&row_of(row.type), &row);
  }
}

TEST(backend_types, have_default_routes_to_their_usual_backend) {
  const auto routes = default_routes();
  for (const auto& row : backend_types()) {
    const bool any = std::any_of(routes.begin(), routes.end(),
                                 [&](const auto& one) { return one.backend == row.usually; });
    EXPECT_EQ(any, !row.usually.empty()) << row.name;
    EXPECT_FALSE(row.has_models && any) << row.name << ": what has models is found by them";
  }
}

TEST(backend_types, of_the_file_are_described_in_the_documents) {
  std::ifstream file{std::string{SYNAPSE_SOURCE_DIR} + "/docs/CONFIGURATION.md"};
  std::stringstream text;
  text << file.rdbuf();
  const auto document = text.str();
  ASSERT_FALSE(document.empty());
  for (const auto& row : backend_types())
    EXPECT_NE(document.find("`" + std::string{row.name} + "`"), std::string::npos) << row.name;
}

} // namespace
} // namespace synapse::config
