#include "routing/records/catalog_records.hpp"

#include <gtest/gtest.h>

namespace synapse::routing {
namespace {

config::settings catalog_of(const std::vector<std::pair<std::string, std::string>>& deployments) {
  config::settings all;
  for (const auto& [id, model] : deployments) {
    all.backends["b"].name = "b";
    all.backends["c"].name = "c";
    auto& name = all.catalog.emplace_back();
    name.name = "name-" + id;
    auto& made = name.deployments.emplace_back();
    made.id = id;
    made.backend = "b";
    made.model = model;
  }
  return all;
}

/// Records after a reload from `before` to `after`, by id.
struct reloaded {
  reloaded(const config::settings& before, const config::settings& after, unsigned threads = 2)
      : old_table(before), table(after), old(make_records(old_table, 2, nullptr, nullptr)),
        now(make_records(table, threads, &old_table, old.get())) {}
  bool kept(std::string_view id) const {
    const auto* was = old_table.find_deployment(id);
    const auto* is = table.find_deployment(id);
    return was != nullptr && is != nullptr && (*old)[was->place] == (*now)[is->place];
  }
  name_table old_table;
  name_table table;
  std::shared_ptr<const catalog_records> old;
  std::shared_ptr<const catalog_records> now;
};

TEST(catalog_records, there_is_one_for_each_deployment) {
  const auto settings = catalog_of({{"a", "x"}, {"b", "x"}});
  const name_table table{settings};
  const auto records = make_records(table, 2, nullptr, nullptr);
  ASSERT_EQ(records->size(), 2U);
  EXPECT_NE((*records)[0], (*records)[1]);
}

TEST(catalog_records, what_stays_keeps_what_is_known_of_it_wherever_it_stands_now) {
  const auto before = catalog_of({{"a", "x"}, {"b", "y"}});
  const auto after = catalog_of({{"new", "z"}, {"b", "y"}, {"a", "x"}});
  const reloaded all{before, after};
  EXPECT_TRUE(all.kept("a"));
  EXPECT_TRUE(all.kept("b"));
  EXPECT_EQ(all.now->size(), 3U);
}

TEST(catalog_records, another_model_or_backend_under_the_same_id_is_another_one) {
  const auto before = catalog_of({{"a", "x"}, {"b", "y"}, {"c", "z"}});
  auto after = before;
  after.catalog[0].deployments[0].model = "other";
  after.catalog[1].deployments[0].backend = "c";
  const reloaded all{before, after};
  EXPECT_FALSE(all.kept("a"));
  EXPECT_FALSE(all.kept("b"));
  EXPECT_TRUE(all.kept("c"));
}

TEST(catalog_records, other_limits_or_threads_need_another_one) {
  const auto before = catalog_of({{"a", "x"}, {"b", "x"}, {"c", "x"}, {"d", "x"}, {"e", "x"}});
  auto after = before;
  after.catalog[0].deployments[0].rpm = 5;
  after.catalog[1].deployments[0].tpm = 5;
  after.catalog[2].deployments[0].max_requests = 5;
  after.catalog[3].deployments[0].context = 5;
  after.catalog[4].deployments[0].weight = 5;
  const reloaded all{before, after};
  for (const auto* id : {"a", "b", "c", "d"})
    EXPECT_FALSE(all.kept(id)) << id;
  EXPECT_TRUE(all.kept("e")) << "a weight is no matter of the record's";
  EXPECT_FALSE((reloaded{before, before, 3}).kept("a"));
}

} // namespace
} // namespace synapse::routing
