#include "config/defaults/route_defaults.hpp"
#include "config/environment.hpp"
#include "config/schema.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace synapse::config {
namespace {

struct docs : testing::Test {
  /// The text below a heading of the document, up to the next one of the same level.
  std::string part(const std::string& heading) const {
    const std::size_t begin = text.find("\n" + heading + "\n");
    if (begin == std::string::npos)
      return {};
    const std::size_t end = text.find("\n## ", begin + 1);
    return text.substr(begin, end == std::string::npos ? end : end - begin);
  }

  /// Checks that `part` has the row of `key` with its default and range.
  static void expect_row(const std::string& part, const std::string& row) {
    EXPECT_NE(part.find("\n" + row), std::string::npos) << "missing in the document: " << row;
  }

  const std::string text = read_all(std::string{SYNAPSE_SOURCE_DIR} + "/docs/CONFIGURATION.md");
};

/// Defaults in words stand as they are, values as code.
std::string shown(const key_info& key) {
  for (const char* words : {"required", "by use", "the server's", "the backend's", "as discovered",
                            "true for types with models"})
    if (key.default_text == words)
      return words;
  if (key.path == "routes" || key.path == "models.auto.rules")
    return key.default_text;
  if (key.path.ends_with(".manage_models"))
    return "true for `llama-router` and what serves `/models`";
  return "`" + key.default_text + "`";
}

/// Heading of the table that has the keys with a prefix; the last one has all others.
constexpr std::pair<std::string_view, const char*> tables[] = {
    {"backends.<name>.", "## Keys of a backend"},
    {"catalog.<name>.", "## Keys of a name"},
    {"gpus.<name>.", "## Keys of a card"},
    {"", "## Keys of the file"}};

TEST_F(docs, has_every_key_with_default_and_range) {
  ASSERT_GT(known_keys().size(), 50u);
  for (const key_info& key : known_keys()) {
    const auto* table = std::find_if(std::begin(tables), std::end(tables), [&](const auto& one) {
      return key.path.starts_with(one.first);
    });
    expect_row(part(table->second), "| `" + key.path.substr(table->first.size()) + "` | " +
                                        shown(key) + " | " + key.range + " |");
  }
}

TEST_F(docs, has_no_key_that_does_not_exist) {
  std::size_t rows = 0;
  for (const auto& [prefix, heading] : tables) {
    const std::string rows_of = part(heading);
    for (std::size_t at = rows_of.find("\n| `"); at != std::string::npos;
         at = rows_of.find("\n| `", at + 1))
      ++rows;
  }
  // The tables, and two rows of the table of timeouts by use.
  EXPECT_EQ(rows, known_keys().size() + 2);
}

TEST_F(docs, has_every_variable_with_its_default) {
  const std::string variables = part("## Environment");
  for (const variable& one : known_variables())
    expect_row(
        variables,
        "| `" + std::string{one.name} + "` | " +
            (one.default_text.empty() ? "unset" : "`" + std::string{one.default_text} + "`") +
            " |");
}

TEST_F(docs, has_every_default_route) {
  const std::string routes = part("## Routes");
  for (const default_route& route : default_routes())
    expect_row(routes,
               "| `" + std::string{route.path} + "` | `" + std::string{route.backend} + "` |");
}

TEST_F(docs, the_sample_mentions_every_key) {
  const std::string sample = read_all(std::string{SYNAPSE_SOURCE_DIR} + "/config/backends.yaml");
  for (const key_info& key : known_keys()) {
    const std::string name = key.path.substr(key.path.rfind('.') + 1);
    EXPECT_NE(sample.find(name + ":"), std::string::npos) << key.path;
  }
}

} // namespace
} // namespace synapse::config
