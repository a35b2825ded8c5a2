// What two handles of one file do to each other: locks belong to who opened it, as between
// processes.
#include "actors/storage/file_ops.hpp"
#include "actors/storage/folder.hpp"
#include "tests/actors/storage/faults.hpp"
#include "tests/actors/storage/throwing.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace synapse::storage {
namespace {

struct shared_files : testing::Test {
  fs::path at(const std::string& name) const { return place.path() / name; }
  file_handle open() { return ops.open_shared(folder.get(), "shared"); }
  bool lock(const file_handle& by, std::uint64_t byte, lock_kind kind = lock_kind::exclusive) {
    return ops.try_lock(by, "shared", byte, kind);
  }

  scratch place;
  file_ops ops;
  file_handle folder = open_folder(place.path(), "the folder");
};

TEST_F(shared_files, are_made_once_and_private) {
  const auto a = open();
  ops.write_note(a, "shared", 0, "text");
  const auto b = open();
  EXPECT_EQ(ops.read_at(b, "shared", 0, 4), "text");
  struct stat about {};
  ASSERT_EQ(::lstat(at("shared").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600u);
}

TEST_F(shared_files, are_regular_files_and_no_links) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  write_file(at("target"), "");
  fs::create_symlink("target", at("link"));
  EXPECT_EQ(failure_of([&] { ops.open_shared(folder.get(), "pipe"); }).text,
            "pipe is not a regular file");
  EXPECT_EQ(failure_of([&] { ops.open_shared(folder.get(), "link"); }).code, ELOOP);
}

TEST_F(shared_files, a_lock_keeps_others_out_of_its_byte_alone) {
  const auto a = open();
  const auto b = open();
  EXPECT_TRUE(lock(a, 5));
  EXPECT_TRUE(lock(a, 5)) << "again by the same one";
  EXPECT_FALSE(lock(b, 5));
  EXPECT_TRUE(lock(b, 6));
  EXPECT_TRUE(lock(b, std::uint64_t{1} << 40U)) << "the byte need not exist";
  file_ops::unlock(a, 5);
  EXPECT_TRUE(lock(b, 5));
}

TEST_F(shared_files, a_lock_ends_with_its_handle_and_no_other_one) {
  auto a = open();
  const auto b = open();
  ASSERT_TRUE(lock(a, 0));
  { const auto passing = open(); }
  EXPECT_FALSE(lock(b, 0));
  a = file_handle{}; // swaps: the old one lives as long as the temporary
  EXPECT_TRUE(lock(b, 0));
}

TEST_F(shared_files, shared_locks_go_together_and_not_with_an_exclusive_one) {
  const auto a = open();
  const auto b = open();
  const auto c = open();
  EXPECT_TRUE(lock(a, 0, lock_kind::shared));
  EXPECT_TRUE(lock(b, 0, lock_kind::shared));
  EXPECT_FALSE(lock(c, 0));
  EXPECT_FALSE(ops.is_locked(c, "shared", 0)) << "nobody has it for himself";
  file_ops::unlock(a, 0);
  file_ops::unlock(b, 0);
  EXPECT_TRUE(lock(c, 0));
  EXPECT_FALSE(lock(a, 0, lock_kind::shared));
  EXPECT_TRUE(ops.is_locked(a, "shared", 0));
  EXPECT_FALSE(ops.is_locked(c, "shared", 0)) << "one's own does not count";
}

TEST_F(shared_files, a_process_that_dies_leaves_no_lock) {
  const auto mine = open();
  const auto told = in_child([&] {
    const auto theirs = open();
    return std::string{lock(theirs, 3) && !lock(mine, 3) ? "locked" : "not locked"};
  });
  EXPECT_EQ(told, "locked");
  EXPECT_TRUE(lock(mine, 3));
}

TEST_F(shared_files, notes_are_written_and_read_at_their_place) {
  const auto file = open();
  ops.write_note(file, "shared", 3, "abc");
  EXPECT_EQ(ops.read_at(file, "shared", 0, 6), std::string("\0\0\0abc", 6));
  EXPECT_EQ(ops.read_at(file, "shared", 4, 100), "bc") << "the file ends before";
  EXPECT_EQ(ops.read_at(file, "shared", 100, 4), "");
  ops.write_note(file, "shared", 4, "X");
  EXPECT_EQ(ops.read_at(file, "shared", 3, 3), "aXc");
}

TEST_F(shared_files, an_identity_is_that_of_the_file_and_not_of_its_name) {
  const auto first = open();
  const auto identity = ops.identify(folder.get(), "shared");
  ASSERT_TRUE(identity);
  EXPECT_EQ(*identity, file_ops::identify(first));
  EXPECT_TRUE(file_ops::has_name(first));
  fs::rename(at("shared"), at("renamed"));
  EXPECT_TRUE(file_ops::has_name(first));
  EXPECT_FALSE(ops.identify(folder.get(), "shared"));
  const auto second = open();
  EXPECT_NE(file_ops::identify(second), *identity);
  fs::remove(at("renamed"));
  EXPECT_FALSE(file_ops::has_name(first));
  EXPECT_TRUE(file_ops::has_name(second));
}

TEST_F(shared_files, every_operation_can_be_made_to_fail) {
  faulty_ops failing;
  const auto file = open();
  const std::vector<std::pair<const char*, std::function<void()>>> operations{
      {"cannot open shared", [&] { failing.open_shared(folder.get(), "shared"); }},
      {"cannot lock shared", [&] { failing.try_lock(file, "shared", 0, lock_kind::exclusive); }},
      {"cannot look at a lock of shared", [&] { failing.is_locked(file, "shared", 0); }},
      {"cannot look at shared", [&] { failing.read_at(file, "shared", 0, 1); }},
      {"cannot write shared", [&] { failing.write_note(file, "shared", 0, "x"); }},
      {"cannot look at shared", [&] { failing.identify(folder.get(), "shared"); }},
  };
  for (const auto& [text, operation] : operations) {
    failing.arm(0, 1, 1);
    EXPECT_EQ(failure_of(operation).text, std::string{text} + ": the disk is full");
  }
  EXPECT_EQ(tree_of(place.path()), (tree{{"shared", ""}}));
  EXPECT_TRUE(lock(open(), 0));
}

} // namespace
} // namespace synapse::storage
