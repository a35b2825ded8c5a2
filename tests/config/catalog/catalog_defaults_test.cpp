#include "config/catalog/catalog_defaults.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

deployment_settings deployment(std::string backend, std::string model, std::string id = {}) {
  deployment_settings one;
  one.backend = std::move(backend);
  one.model = std::move(model);
  one.id = std::move(id);
  one.timeouts = backends_timeouts;
  return one;
}

catalog_model name(std::string text, std::vector<deployment_settings> deployments) {
  catalog_model model;
  model.name = std::move(text);
  model.deployments = std::move(deployments);
  return model;
}

TEST(catalog_defaults, ids_are_backend_and_model_with_a_number_where_that_is_taken) {
  settings all;
  all.catalog = {name("a", {deployment("x", "m"), deployment("y", "m")}),
                 name("b", {deployment("x", "m"), deployment("z", "m", "x/m#3")}),
                 name("c", {deployment("x", "m")})};
  apply_catalog_defaults(all);
  EXPECT_EQ(all.catalog[0].deployments[0].id, "x/m");
  EXPECT_EQ(all.catalog[0].deployments[1].id, "y/m");
  EXPECT_EQ(all.catalog[1].deployments[0].id, "x/m#2");
  EXPECT_EQ(all.catalog[1].deployments[1].id, "x/m#3") << "given ones stay";
  EXPECT_EQ(all.catalog[2].deployments[0].id, "x/m#4");
}

TEST(catalog_defaults, timeouts_are_the_backends_where_none_is_given) {
  settings all;
  all.backends["x"].timeouts.response = milliseconds{7};
  all.backends["x"].timeouts.total = milliseconds{9};
  auto one = deployment("x", "m");
  one.timeouts.total = milliseconds{0};
  all.catalog = {name("a", {one, deployment("unknown", "m")})};
  apply_catalog_defaults(all);
  const auto& timeouts = all.catalog[0].deployments[0].timeouts;
  EXPECT_EQ(timeouts.response, milliseconds{7});
  EXPECT_EQ(timeouts.total, milliseconds{0}) << "no limit is a value";
  EXPECT_EQ(all.catalog[0].deployments[1].timeouts, timeout_settings{});
}

TEST(catalog_defaults, many_of_the_same_are_numbered_in_no_time) {
  settings all;
  for (int i = 0; i < 2048; ++i) {
    std::vector<deployment_settings> deployments(32, deployment("x", "m"));
    all.catalog.push_back(name(std::to_string(i), deployments));
  }
  apply_catalog_defaults(all);
  EXPECT_EQ(all.catalog.back().deployments.back().id, "x/m#65536");
}

} // namespace
} // namespace synapse::config
