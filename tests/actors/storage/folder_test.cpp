#include "actors/storage/folder.hpp"
#include "tests/actors/storage/faults.hpp"
#include "tests/actors/storage/throwing.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>

namespace synapse::storage {
namespace {

struct folders : testing::Test {
  unsigned mode_of(const fs::path& path) const {
    struct stat about {};
    EXPECT_EQ(::stat(path.c_str(), &about), 0);
    return about.st_mode & 07777U;
  }
  scratch place;
};

TEST_F(folders, are_made_with_all_that_is_missing_above_and_for_the_owner_alone) {
  const auto deep = place.path() / "a" / "b" / "c";
  make_folder(deep, "the voice library");
  EXPECT_EQ(tree_of(place.path()), (tree{{"a", "/"}, {"a/b", "/"}, {"a/b/c", "/"}}));
  EXPECT_EQ(mode_of(deep), 0700u);
  EXPECT_EQ(mode_of(place.path() / "a"), 0700u);
}

TEST_F(folders, that_are_there_stay_as_they_are) {
  const auto there = place.path() / "there";
  fs::create_directory(there);
  fs::permissions(there, fs::perms{0755});
  write_file(there / "file", "text");
  make_folder(there, "it");
  EXPECT_EQ(mode_of(there), 0755u);
  EXPECT_EQ(read_file(there / "file"), "text");
}

TEST_F(folders, may_be_symbolic_links_themselves) {
  fs::create_directory(place.path() / "real");
  fs::create_directory_symlink("real", place.path() / "link");
  make_folder(place.path() / "link", "it");
  const auto handle = open_folder(place.path() / "link", "it");
  write_file(place.path() / "real" / "file", "text");
  file_ops ops;
  EXPECT_TRUE(ops.exists(handle.get(), "file"));
}

TEST_F(folders, say_which_of_them_is_in_the_way_without_their_path) {
  write_file(place.path() / "file", "");
  EXPECT_EQ(
      failure_of([&] { make_folder(place.path() / "file" / "inner", "the voice library"); }).code,
      ENOTDIR);
  const auto problem = failure_of([&] { open_folder(place.path() / "none", "the voice library"); });
  EXPECT_EQ(problem.code, ENOENT);
  EXPECT_EQ(problem.text, "cannot open the voice library: No such file or directory");
  EXPECT_EQ(failure_of([&] { open_folder(place.path() / "file", "it"); }).code, ENOTDIR);
  const auto above = failure_of([&] { make_folder("/proc/nobody/may/make", "the voice library"); });
  EXPECT_TRUE(above.text.starts_with("cannot create the directory above the directory above"))
      << above.text;
}

TEST_F(folders, without_a_name_are_the_one_the_process_is_in) {
  const auto handle = open_folder("", "here");
  EXPECT_EQ(file_ops::identify(handle), file_ops::identify(open_folder(".", "here")));
}

TEST_F(folders, are_not_handed_on_to_other_programs) {
  const auto handle = open_folder(place.path(), "it");
  EXPECT_NE(::fcntl(handle.get(), F_GETFD) & FD_CLOEXEC, 0);
}

} // namespace
} // namespace synapse::storage
