#include "routing/model_index.hpp"

#include <gtest/gtest.h>

namespace synapse::routing {
namespace {

using places = std::vector<backend_place>;

places where(const model_index& index, std::string_view model) {
  places result;
  for (const auto& one : index.targets_of(model))
    result.push_back(one.backend);
  return result;
}

TEST(model_index, knows_nothing_at_first) {
  const model_index index;
  EXPECT_EQ(where(index, "m"), places{});
  EXPECT_EQ(where(index, ""), places{});
  EXPECT_TRUE(index.models().empty());
  EXPECT_FALSE(index.is_fresh(1, 0));
}

TEST(model_index, finds_the_backends_that_list_a_model_in_order) {
  model_index index;
  index.learn(7, {"big", "shared"});
  index.learn(2, {"small", "shared"});
  EXPECT_EQ(where(index, "big"), places{7});
  EXPECT_EQ(where(index, "small"), places{2});
  EXPECT_EQ(where(index, "shared"), (places{2, 7}));
  EXPECT_EQ(index.models(), (std::vector<std::string_view>{"big", "shared", "small"}));
}

TEST(model_index, forgets_what_a_backend_does_not_list_any_more) {
  model_index index;
  index.learn(0, {"moved", "stays"});
  index.learn(1, {});
  index.learn(0, {"stays"});
  EXPECT_EQ(where(index, "moved"), places{});
  index.learn(1, {"moved"});
  EXPECT_EQ(where(index, "moved"), places{1});
  EXPECT_EQ(where(index, "stays"), places{0});
}

TEST(model_index, forgets_a_backend_without_forgetting_the_others) {
  model_index index;
  for (const backend_place place : {3U, 1U, 2U})
    index.learn(place, {"m"});
  EXPECT_EQ(where(index, "m"), (places{1, 2, 3}));
  index.learn(2, {"other"});
  EXPECT_EQ(where(index, "m"), (places{1, 3}));
  index.learn(1, {});
  index.learn(3, {});
  EXPECT_EQ(where(index, "m"), places{});
  EXPECT_EQ(index.models(), std::vector<std::string_view>{"other"});
}

TEST(model_index, is_bounded) {
  model_index index;
  std::vector<std::string> names(3 * model_index::max_models);
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = "m" + std::to_string(i);
  names.insert(names.begin(), std::string(model_index::max_name + 1, 'x'));
  index.learn(0, names);
  EXPECT_EQ(index.models().size(), model_index::max_models);
  EXPECT_EQ(where(index, names.front()), places{});
}

TEST(model_index, is_fresh_for_a_moment) {
  model_index index;
  index.looked(5, 1, {});
  EXPECT_TRUE(index.is_fresh(5, 2));
  EXPECT_TRUE(index.is_fresh(4 + model_index::freshness, 2));
  EXPECT_FALSE(index.is_fresh(5 + model_index::freshness, 2));
}

TEST(model_index, is_fresh_for_the_same_key_only_where_a_backend_wants_another) {
  model_index index;
  index.looked(5, 1, {"vllm (status 401)", false, true});
  EXPECT_TRUE(index.is_fresh(5, 1));
  EXPECT_FALSE(index.is_fresh(5, 2));
  EXPECT_EQ(index.last_gap().backends, "vllm (status 401)");
}

} // namespace
} // namespace synapse::routing
