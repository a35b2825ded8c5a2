#include "actors/storage/file_ops.hpp"
#include "actors/storage/folder.hpp"
#include "tests/actors/storage/faults.hpp"
#include "tests/actors/storage/throwing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace synapse::storage {
namespace {

struct file_ops_test : testing::Test {
  fs::path at(const std::string& name) const { return place.path() / name; }
  int root() const { return folder.get(); }
  unsigned mode_of(const std::string& name) const {
    struct stat about {};
    EXPECT_EQ(::lstat(at(name).c_str(), &about), 0);
    return about.st_mode & 07777U;
  }

  scratch place;
  file_ops ops;
  file_handle folder = open_folder(place.path(), "the folder");
};

TEST(file_handles, close_what_they_own_once) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  {
    file_handle first{fd};
    file_handle second{std::move(first)};
    EXPECT_EQ(first.get(), -1); // NOLINT(bugprone-use-after-move): what is left of it
    EXPECT_EQ(second.get(), fd);
    file_handle third;
    third = std::move(second);
    EXPECT_EQ(third.get(), fd);
    EXPECT_GE(::fcntl(fd, F_GETFD), 0);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST_F(file_ops_test, a_file_is_read_as_it_was_written_and_is_nobody_elses) {
  const std::string text("a\0b\n\xff", 5);
  {
    const auto file = ops.create_file(root(), "new");
    ops.write(file, "new", text);
    ops.sync(file, "new");
  }
  EXPECT_EQ(mode_of("new"), 0600u);
  EXPECT_EQ(ops.read(ops.open_file(root(), "new"), "new", 5), text);
}

TEST_F(file_ops_test, what_is_longer_than_the_limit_is_not_read) {
  write_file(at("long"), "123456");
  const auto problem = failure_of([&] { ops.read(ops.open_file(root(), "long"), "long", 5); });
  EXPECT_EQ(problem.code, EBADMSG);
  EXPECT_EQ(problem.text, "long is longer than 5 bytes");
}

TEST_F(file_ops_test, a_new_file_has_a_new_name) {
  write_file(at("there"), "old");
  const auto problem = failure_of([&] { ops.create_file(root(), "there"); });
  EXPECT_EQ(problem.code, EEXIST);
  EXPECT_EQ(problem.text, "cannot create there: File exists");
  EXPECT_EQ(read_file(at("there")), "old");
}

TEST_F(file_ops_test, nothing_follows_a_symbolic_link) {
  write_file(at("target"), "text");
  fs::create_directory(at("elsewhere"));
  fs::create_symlink("target", at("link"));
  fs::create_directory_symlink("elsewhere", at("door"));
  fs::create_symlink("nowhere", at("dangling"));
  EXPECT_EQ(failure_of([&] { ops.open_file(root(), "link"); }).text,
            "cannot open link: it is a symbolic link");
  EXPECT_NE(failure_of([&] { ops.open_directory(root(), "door"); }).code, 0);
  EXPECT_EQ(failure_of([&] { ops.create_file(root(), "dangling"); }).code, EEXIST);
  EXPECT_TRUE(ops.exists(root(), "dangling")) << "the link is there, whatever it leads to";
  ops.remove_file(root(), "link");
  EXPECT_EQ(read_file(at("target")), "text");
}

TEST_F(file_ops_test, only_regular_files_are_opened_as_files_and_a_pipe_holds_nobody_up) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  fs::create_directory(at("folder"));
  EXPECT_EQ(failure_of([&] { ops.open_file(root(), "pipe"); }).text, "pipe is not a regular file");
  EXPECT_EQ(failure_of([&] { ops.open_file(root(), "folder"); }).code, EBADMSG);
  EXPECT_EQ(failure_of([&] { ops.open_file(root(), "none"); }).code, ENOENT);
  EXPECT_EQ(failure_of([&] { ops.open_directory(root(), "pipe"); }).code, ENOTDIR);
}

TEST_F(file_ops_test, replacing_takes_the_place_and_moving_does_not) {
  write_file(at("a"), "a");
  write_file(at("b"), "b");
  const auto problem = failure_of([&] { ops.move(root(), "a", root(), "b"); });
  EXPECT_EQ(problem.code, EEXIST);
  EXPECT_EQ(read_file(at("b")), "b");
  ops.replace(root(), "a", root(), "b");
  EXPECT_EQ(tree_of(place.path()), (tree{{"b", "a"}}));
  ops.make_directory(root(), "folder");
  const auto inner = ops.open_directory(root(), "folder");
  ops.move(root(), "b", inner.get(), "c");
  EXPECT_EQ(tree_of(place.path()), (tree{{"folder", "/"}, {"folder/c", "a"}}));
}

TEST_F(file_ops_test, folders_are_private_and_go_only_when_they_are_empty) {
  ops.make_directory(root(), "folder");
  EXPECT_EQ(mode_of("folder"), 0700u);
  EXPECT_EQ(failure_of([&] { ops.make_directory(root(), "folder"); }).code, EEXIST);
  write_file(at("folder/file"), "");
  EXPECT_EQ(failure_of([&] { ops.remove_directory(root(), "folder"); }).code, ENOTEMPTY);
  EXPECT_NE(failure_of([&] { ops.remove_file(root(), "folder"); }).code, 0);
  fs::remove(at("folder/file"));
  ops.remove_directory(root(), "folder");
  EXPECT_FALSE(ops.exists(root(), "folder"));
}

TEST_F(file_ops_test, a_file_of_others_is_made_private) {
  write_file(at("open"), "text");
  fs::permissions(at("open"), fs::perms{0644});
  ops.make_private(ops.open_file(root(), "open"), "open");
  EXPECT_EQ(mode_of("open"), 0600u);
}

TEST_F(file_ops_test, a_listing_tells_kinds_and_can_be_had_again) {
  write_file(at("file"), "");
  fs::create_directory(at("folder"));
  fs::create_directory_symlink("folder", at("link"));
  for (int i = 0; i < 2; ++i) {
    auto entries = ops.list(folder, "it");
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    ASSERT_EQ(entries.size(), 3u) << "without . and ..";
    EXPECT_EQ(entries[0].kind, file_kind::file);
    EXPECT_EQ(entries[1].kind, file_kind::directory);
    EXPECT_EQ(entries[2].kind, file_kind::other) << "nobody follows it";
  }
}

TEST_F(file_ops_test, a_folder_is_synced_as_a_file_is) {
  EXPECT_EQ(failure_of([&] { ops.sync(folder, "it"); }).code, 0);
  EXPECT_EQ(failure_of([&] { ops.sync(file_handle{}, "it"); }).code, EBADF);
}

TEST_F(file_ops_test, every_operation_can_be_made_to_fail_and_does_nothing_then) {
  faulty_ops failing;
  write_file(at("file"), "text");
  const auto file = ops.open_file(root(), "file");
  const std::vector<std::pair<const char*, std::function<void()>>> operations{
      {"cannot open file", [&] { failing.open_file(root(), "file"); }},
      {"cannot open file", [&] { failing.open_directory(root(), "file"); }},
      {"cannot create new", [&] { failing.create_file(root(), "new"); }},
      {"cannot create new", [&] { failing.make_directory(root(), "new"); }},
      {"cannot write file", [&] { failing.write(file, "file", "x"); }},
      {"cannot read file", [&] { failing.read(file, "file", 100); }},
      {"cannot save file", [&] { failing.sync(file, "file"); }},
      {"cannot rename file", [&] { failing.replace(root(), "file", root(), "new"); }},
      {"cannot rename file", [&] { failing.move(root(), "file", root(), "new"); }},
      {"cannot remove file", [&] { failing.remove_file(root(), "file"); }},
      {"cannot remove file", [&] { failing.remove_directory(root(), "file"); }},
      {"cannot look at file", [&] { failing.exists(root(), "file"); }},
      {"cannot list it", [&] { failing.list(folder, "it"); }},
  };
  for (const auto& [text, operation] : operations) {
    failing.arm(0, 1, 1);
    const auto problem = failure_of(operation);
    EXPECT_EQ(problem.code, ENOSPC) << text;
    EXPECT_EQ(problem.text, std::string{text} + ": the disk is full");
  }
  EXPECT_EQ(tree_of(place.path()), (tree{{"file", "text"}}));
}

TEST(errno_texts, are_for_people) {
  EXPECT_EQ(describe_errno(ENOSPC), "the disk is full");
  EXPECT_EQ(describe_errno(EDQUOT), "the disk quota is used up");
  EXPECT_EQ(describe_errno(EROFS), "the file system is read-only");
  EXPECT_EQ(describe_errno(EACCES), describe_errno(EPERM));
  EXPECT_EQ(describe_errno(ELOOP), "it is a symbolic link");
  EXPECT_NE(describe_errno(EIO), "");
}

} // namespace
} // namespace synapse::storage
