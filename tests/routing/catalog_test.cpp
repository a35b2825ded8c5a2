#include "config/defaults/derived_routes.hpp"
#include "config/defaults/route_defaults.hpp"
#include "routing/catalog.hpp"

#include <gtest/gtest.h>

#include <random>

namespace synapse::routing {
namespace {

using basis = plan::basis;

/// Backends a, b and c, and these routes.
config::settings with_routes(std::vector<config::route_settings> routes) {
  config::settings settings;
  for (const auto* name : {"c", "a", "b"}) {
    settings.backends[name].name = name;
  }
  settings.routes = std::move(routes);
  return settings;
}

/// The names of the targets, by "*" for a plan by model.
std::string where(const config::settings& settings, const plan& plan) {
  std::string result = plan.by == basis::model ? "*" : "";
  for (const auto& one : plan.targets)
    result += std::next(settings.backends.begin(), one.backend)->first;
  return plan.by == basis::nowhere ? "nowhere" : result;
}

TEST(catalog, leads_a_path_to_its_backend) {
  const auto settings =
      with_routes({{"/x", "b"}, {"/y/*", "c"}, {"/y/deep/*", "a"}, {"/y/z", "b"}});
  const catalog all{settings};
  for (const auto& [path, name] :
       std::vector<std::pair<std::string, std::string>>{{"/x", "b"},
                                                        {"/x/", "nowhere"},
                                                        {"/y", "nowhere"},
                                                        {"/y/", "c"},
                                                        {"/y/1", "c"},
                                                        {"/y/z", "b"},
                                                        {"/y/z/1", "c"},
                                                        {"/y/deep/1", "a"},
                                                        {"/", "nowhere"},
                                                        {"", "nowhere"}})
    EXPECT_EQ(where(settings, all.plan_for(path)), name) << path;
}

TEST(catalog, agrees_with_the_rule_of_the_configuration) {
  std::mt19937 random{7};
  const std::vector<std::string> parts{"/a",     "/b", "/a/b", "/a/*",
                                       "/a/b/*", "/*", "/b/c", "/a/b/c/*"};
  const std::vector<std::string> names{"a", "b", "c", std::string{config::by_model}, "gone"};
  const auto any = [&](const std::vector<std::string>& of) {
    return of[std::uniform_int_distribution<std::size_t>{0, of.size() - 1}(random)];
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<config::route_settings> routes;
    for (int i = 0; i < round % 7; ++i)
      routes.push_back({any(parts), any(names)});
    const auto settings = with_routes(routes);
    const catalog all{settings};
    for (const auto* path : {"/a", "/a/", "/a/b", "/a/b/c", "/a/b/c/d", "/b", "/b/c", "/c", "/"}) {
      const auto* found = config::find_route(settings, path);
      const auto expected =
          found == nullptr || found->backend == "gone" ? "nowhere" : found->backend;
      EXPECT_EQ(where(settings, all.plan_for(path)), expected) << path << ", round " << round;
    }
  }
}

TEST(catalog, leads_to_whoever_lists_the_model) {
  const auto settings = with_routes({{"/chat", std::string{config::by_model}}});
  const catalog all{settings};
  model_index models;
  const auto ask = [&](std::string_view model) {
    return where(settings, all.complete(all.plan_for("/chat"), query{model}, models));
  };
  EXPECT_EQ(ask("m"), "*") << "nobody is known to list it";
  models.learn(2, {"m"});
  models.learn(0, {"m", "n"});
  EXPECT_EQ(ask("m"), "*ac");
  EXPECT_EQ(ask("n"), "*a");
  EXPECT_EQ(ask("o"), "*");
}

TEST(catalog, resolves_aliases_where_the_path_decides_too) {
  auto settings = with_routes({{"/chat", std::string{config::by_model}}, {"/own", "b"}});
  settings.models.aliases["nick"] = "m";
  const catalog all{settings};
  model_index models;
  models.learn(1, {"m"});
  const auto by_model = all.complete(all.plan_for("/chat"), query{"nick"}, models);
  EXPECT_EQ(by_model.model, "m");
  EXPECT_EQ(where(settings, by_model), "*b");
  const auto by_path = all.complete(all.plan_for("/own"), query{"nick"}, models);
  EXPECT_EQ(by_path.model, "m");
  EXPECT_EQ(where(settings, by_path), "b");
  EXPECT_EQ(all.complete(all.plan_for("/own"), query{"other"}, models).model, "other");
}

TEST(catalog, chooses_a_model_by_what_the_user_says) {
  auto settings = with_routes({{"/chat", std::string{config::by_model}}});
  settings.models.choice.general = "general";
  settings.models.choice.rules = {{"coder", {"python"}}};
  settings.models.choice.names = {"auto"};
  settings.models.aliases["auto"] = "never";
  const catalog all{settings};
  model_index models;
  models.learn(0, {"coder"});
  EXPECT_TRUE(all.reads_text("auto"));
  EXPECT_TRUE(all.reads_text(""));
  EXPECT_FALSE(all.reads_text("m"));
  const std::string text = "some Python, please";
  const auto plan = all.complete(all.plan_for("/chat"), query{"auto", &text}, models);
  EXPECT_EQ(plan.model, "coder");
  EXPECT_EQ(where(settings, plan), "*a");
  const std::string other = "hello";
  EXPECT_EQ(all.complete(all.plan_for("/chat"), query{"", &other}, models).model, "general");
}

} // namespace
} // namespace synapse::routing
