#include "http/sites/model_index.hpp"

#include <gtest/gtest.h>

namespace synapse::client {
namespace {

std::string where(const model_index& index, std::string_view model) {
  const auto* backend = index.backend_of(model);
  return backend == nullptr ? "(nobody)" : *backend;
}

TEST(model_index, knows_nothing_at_first) {
  const model_index index;
  EXPECT_EQ(where(index, "m"), "(nobody)");
  EXPECT_EQ(where(index, ""), "(nobody)");
  EXPECT_TRUE(index.models().empty());
  EXPECT_FALSE(index.is_fresh(1, 0));
}

TEST(model_index, finds_the_first_backend_by_name_that_lists_a_model) {
  model_index index;
  index.learn("vllm", {"big", "shared"});
  index.learn("ollama", {"small", "shared"});
  EXPECT_EQ(where(index, "big"), "vllm");
  EXPECT_EQ(where(index, "small"), "ollama");
  EXPECT_EQ(where(index, "shared"), "ollama");
  EXPECT_EQ(index.models(), (std::vector<std::string_view>{"big", "shared", "small"}));
}

TEST(model_index, forgets_what_a_backend_does_not_list_any_more) {
  model_index index;
  index.learn("a", {"moved", "stays"});
  index.learn("b", {});
  index.learn("a", {"stays"});
  EXPECT_EQ(where(index, "moved"), "(nobody)");
  index.learn("b", {"moved"});
  EXPECT_EQ(where(index, "moved"), "b");
  EXPECT_EQ(where(index, "stays"), "a");
}

TEST(model_index, is_bounded) {
  model_index index;
  std::vector<std::string> names(3 * model_index::max_models);
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = "m" + std::to_string(i);
  names.insert(names.begin(), std::string(model_index::max_name + 1, 'x'));
  index.learn("a", names);
  EXPECT_EQ(index.models().size(), model_index::max_models);
  EXPECT_EQ(where(index, names.front()), "(nobody)");
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
} // namespace synapse::client
