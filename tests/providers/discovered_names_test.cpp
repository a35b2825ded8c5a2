#include "providers/discovered_names.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

namespace synapse::providers {
namespace {

discovered_model named(std::string name, std::vector<std::string> further = {}) {
  discovered_model model;
  model.name = std::move(name);
  model.further = std::move(further);
  return model;
}

TEST(discovered_names_of_a_backend, are_none_until_it_has_told_of_them) {
  const discovered_names names;
  ASSERT_TRUE(names.list());
  EXPECT_TRUE(names.list()->empty());
  EXPECT_FALSE(names.known());
}

TEST(discovered_names_of_a_backend, are_those_told_last) {
  discovered_names names;
  names.set({named("a"), named("b")});
  const auto before = names.list();
  names.set({});
  EXPECT_TRUE(names.known());
  EXPECT_TRUE(names.list()->empty());
  ASSERT_EQ(before->size(), 2u) << "who has a list keeps it";
  EXPECT_EQ((*before)[1].name, "b");
}

TEST(discovered_names_of_a_backend, are_bounded) {
  discovered_names names;
  names.set(std::vector<discovered_model>(max_models + 5, named("x")));
  EXPECT_EQ(names.list()->size(), max_models);
}

TEST(discovered_names_of_a_backend, are_found_by_their_own_name_before_further_ones) {
  const std::vector<discovered_model> models{named("a", {"b"}), named("b"), named("c", {"d"})};
  EXPECT_EQ(find_model(models, "b"), &models[1]);
  EXPECT_EQ(find_model(models, "d"), &models[2]);
  EXPECT_EQ(find_model(models, "e"), nullptr);
}

TEST(discovered_names_of_a_backend, may_be_read_while_they_change) {
  discovered_names names;
  std::atomic<bool> over{false};
  std::thread reader{[&] {
    while (!over) {
      const auto list = names.list();
      for (const auto& one : *list)
        EXPECT_EQ(one.name, "same");
    }
  }};
  for (int i = 0; i < 1000; ++i)
    names.set(std::vector<discovered_model>(static_cast<std::size_t>(i % 7), named("same")));
  over = true;
  reader.join();
}

} // namespace
} // namespace synapse::providers
