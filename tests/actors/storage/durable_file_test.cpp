#include "actors/storage/durable_file.hpp"
#include "actors/storage/folder.hpp"
#include "tests/actors/storage/faults.hpp"
#include "tests/actors/storage/throwing.hpp"
#include "tests/actors/storage/tracking_ops.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <sys/stat.h>

namespace synapse::storage {
namespace {

struct durable_file_test : testing::Test {
  /// How many operations one write takes.
  std::size_t steps() {
    faulty_ops counting;
    write_durably(counting, folder, "name", "old");
    return counting.count;
  }

  scratch place;
  file_handle folder = open_folder(place.path(), "the folder");
};

TEST(temporary_names, are_hidden_and_beside_the_file) {
  EXPECT_EQ(temporary_for("metadata.json"), ".metadata.json.tmp");
  EXPECT_EQ(temporary_for(".adding.json"), ".adding.json.tmp");
}

TEST_F(durable_file_test, takes_the_place_of_what_had_its_name) {
  file_ops ops;
  write_durably(ops, folder, "name", "first");
  write_durably(ops, folder, "name", "second");
  EXPECT_EQ(tree_of(place.path()), (tree{{"name", "second"}}));
  struct stat about {};
  ASSERT_EQ(::lstat((place.path() / "name").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600u);
}

TEST_F(durable_file_test, returns_the_new_file) {
  file_ops ops;
  const auto file = write_durably(ops, folder, "name", "text");
  EXPECT_EQ(file_ops::identify(file), ops.identify(folder.get(), "name"));
}

TEST_F(durable_file_test, is_durable_before_it_has_its_name_and_the_name_on_return) {
  tracking_ops ops{[](std::string_view name) { return name.ends_with(".tmp"); }};
  write_durably(ops, folder, "name", "text");
  EXPECT_EQ(ops.violations, std::vector<std::string>{});
  EXPECT_EQ(ops.unsaved(place.path()), std::vector<std::string>{});
}

TEST_F(durable_file_test, is_not_held_up_by_what_a_crash_left) {
  write_file(place.path() / ".name.tmp", "half of it");
  file_ops ops;
  write_durably(ops, folder, "name", "text");
  EXPECT_EQ(tree_of(place.path()), (tree{{"name", "text"}}));
}

TEST_F(durable_file_test, when_a_step_fails_there_is_the_old_file_and_nothing_else) {
  const auto all = steps();
  for (std::size_t step = 1; step < all; ++step) {
    faulty_ops ops;
    ops.arm(0, step, step);
    EXPECT_EQ(failure_of([&] { write_durably(ops, folder, "name", "new"); }).code, ENOSPC);
    EXPECT_EQ(tree_of(place.path()), (tree{{"name", "old"}})) << "at step " << step;
  }
  faulty_ops ops;
  ops.arm(0, all, all);
  EXPECT_EQ(failure_of([&] { write_durably(ops, folder, "name", "new"); }).code, ENOSPC);
  EXPECT_EQ(read_file(place.path() / "name"), "new") << "only the last step comes after its name";
}

TEST_F(durable_file_test, when_everything_fails_from_a_step_on_the_old_file_is_whole) {
  const auto all = steps();
  for (std::size_t step = 1; step < all; ++step) {
    faulty_ops ops;
    ops.arm(0, step, 1000);
    EXPECT_EQ(failure_of([&] { write_durably(ops, folder, "name", "new"); }).code, ENOSPC);
    EXPECT_EQ(read_file(place.path() / "name"), "old") << "at step " << step;
  }
}

TEST_F(durable_file_test, a_crash_at_any_step_leaves_the_old_file_or_the_new_one) {
  const auto all = steps();
  std::size_t fresh = 0;
  for (std::size_t step = 1; step <= all; ++step) {
    const auto told = in_child([&] {
      faulty_ops ops;
      ops.arm(step);
      write_durably(ops, folder, "name", "new");
      return std::string{"it lived"};
    });
    EXPECT_FALSE(told) << *told;
    const auto text = read_file(place.path() / "name");
    EXPECT_TRUE(text == "old" || text == "new") << text << " at step " << step;
    fresh += text == "new" ? 1 : 0;
    fs::remove(place.path() / ".name.tmp"); // it would be one step more
  }
  EXPECT_EQ(fresh, 1u) << "after the rename alone";
}

} // namespace
} // namespace synapse::storage
