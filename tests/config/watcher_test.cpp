#include "config/watcher.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

namespace synapse::config {
namespace {

namespace fs = std::filesystem;

/// Whether the watcher's descriptor is readable now: events of our own system calls are queued
/// before those return.
bool is_woken(const file_watcher& watcher) {
  pollfd waiting{watcher.inotify_fd(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

struct watcher : testing::Test {
  /// Replaces `name` as an editor does: a new file is renamed over it.
  void replace(const std::string& name, const std::string& text) {
    directory.write(name + ".new", text);
    fs::rename(directory / (name + ".new"), directory / name);
  }

  /// What the kubelet does with a mounted ConfigMap: a new directory, then `..data` is swapped.
  void publish(const std::string& version, const std::string& text) {
    fs::create_directories(directory / ("mount/" + version));
    directory.write("mount/" + version + "/c.yaml", text);
    fs::create_directory_symlink(version, directory / "mount/..data_tmp");
    fs::rename(directory / "mount/..data_tmp", directory / "mount/..data");
  }

  temp_directory directory;
};

TEST_F(watcher, reports_a_change_once) {
  directory.write("c.yaml", "one");
  file_watcher watched{directory / "c.yaml"};
  EXPECT_EQ(watched.poll(), std::nullopt);
  directory.write("c.yaml", "two");
  EXPECT_EQ(watched.poll(), "two");
  EXPECT_EQ(watched.poll(), std::nullopt);
  directory.write("c.yaml", "one");
  EXPECT_EQ(watched.poll(), "one");
}

TEST_F(watcher, sees_a_change_of_the_same_size_within_one_tick) {
  directory.write("c.yaml", "0");
  file_watcher watched{directory / "c.yaml"};
  for (int i = 1; i < 200; ++i) {
    const std::string text{static_cast<char>('a' + i % 26)};
    directory.write("c.yaml", text);
    EXPECT_EQ(watched.poll(), text) << i;
  }
}

TEST_F(watcher, an_old_file_is_told_by_its_identity) {
  directory.write("c.yaml", "one");
  const auto age = [&] {
    const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (directory / "c.yaml").c_str(), times, 0), 0);
  };
  age();
  file_watcher watched{directory / "c.yaml"};
  // Same inode, size and time: by intent not read again, which shows that reading is saved.
  directory.write("c.yaml", "two");
  age();
  EXPECT_EQ(watched.poll(), std::nullopt);
  // Any difference of the identity is enough.
  directory.write("c.yaml", "new");
  EXPECT_EQ(watched.poll(), "new");
}

TEST_F(watcher, a_touched_or_copied_file_is_no_change) {
  directory.write("c.yaml", "one");
  file_watcher watched{directory / "c.yaml"};
  fs::last_write_time(directory / "c.yaml", fs::file_time_type::clock::now());
  EXPECT_EQ(watched.poll(), std::nullopt);
  replace("c.yaml", "one");
  EXPECT_EQ(watched.poll(), std::nullopt);
}

TEST_F(watcher, sees_a_file_that_is_replaced) {
  directory.write("c.yaml", "one");
  file_watcher watched{directory / "c.yaml"};
  for (const char* text : {"two", "three", "four"}) {
    replace("c.yaml", text);
    EXPECT_TRUE(is_woken(watched));
    EXPECT_EQ(watched.poll(), text);
    EXPECT_FALSE(is_woken(watched));
  }
}

TEST_F(watcher, sees_the_swap_of_a_mounted_config_map) {
  publish("..v1", "one");
  fs::create_symlink("..data/c.yaml", directory / "mount/c.yaml");
  file_watcher watched{directory / "mount/c.yaml"};
  EXPECT_EQ(watched.poll(), std::nullopt);
  EXPECT_FALSE(is_woken(watched));
  for (int version = 2; version < 6; ++version) {
    publish("..v" + std::to_string(version), "text " + std::to_string(version));
    fs::remove_all(directory / ("mount/..v" + std::to_string(version - 1)));
    EXPECT_TRUE(is_woken(watched));
    EXPECT_EQ(watched.poll(), "text " + std::to_string(version));
    (void)watched.poll(); // takes the notice of the watch that was given up
    EXPECT_FALSE(is_woken(watched));
  }
}

TEST_F(watcher, follows_links_through_several_directories) {
  for (const char* name : {"a", "b", "real", "other"})
    fs::create_directory(directory / name);
  directory.write("real/c.yaml", "one");
  directory.write("other/c.yaml", "two");
  fs::create_symlink("../b/link.yaml", directory / "a/c.yaml");
  fs::create_symlink(directory / "real/c.yaml", directory / "b/link.yaml");
  file_watcher watched{directory / "a/c.yaml"};
  directory.write("real/c.yaml", "three");
  EXPECT_TRUE(is_woken(watched));
  EXPECT_EQ(watched.poll(), "three");
  fs::remove(directory / "b/link.yaml");
  fs::create_symlink(directory / "other/c.yaml", directory / "b/link.yaml");
  EXPECT_TRUE(is_woken(watched));
  EXPECT_EQ(watched.poll(), "two");
  (void)watched.poll();
  // The directory that was left is watched no more, the new one is.
  directory.write("real/c.yaml", "four");
  EXPECT_FALSE(is_woken(watched));
  directory.write("other/c.yaml", "five");
  EXPECT_TRUE(is_woken(watched));
  EXPECT_EQ(watched.poll(), "five");
}

TEST_F(watcher, survives_the_file_being_away) {
  directory.write("c.yaml", "one");
  file_watcher watched{directory / "c.yaml"};
  fs::remove(directory / "c.yaml");
  EXPECT_EQ(watched.poll(), std::nullopt);
  EXPECT_EQ(watched.poll(), std::nullopt);
  directory.write("c.yaml", "one");
  EXPECT_EQ(watched.poll(), std::nullopt);
  fs::remove(directory / "c.yaml");
  EXPECT_EQ(watched.poll(), std::nullopt);
  directory.write("c.yaml", "two");
  EXPECT_TRUE(is_woken(watched));
  EXPECT_EQ(watched.poll(), "two");
}

TEST_F(watcher, survives_the_directory_being_away) {
  fs::create_directory(directory / "d");
  directory.write("d/c.yaml", "one");
  file_watcher watched{directory / "d/c.yaml"};
  fs::remove_all(directory / "d");
  EXPECT_TRUE(is_woken(watched));
  EXPECT_EQ(watched.poll(), std::nullopt);
  (void)watched.poll();
  fs::create_directory(directory / "d");
  EXPECT_TRUE(is_woken(watched));
  EXPECT_EQ(watched.poll(), std::nullopt);
  directory.write("d/c.yaml", "two");
  EXPECT_TRUE(is_woken(watched));
  EXPECT_EQ(watched.poll(), "two");
}

TEST_F(watcher, reports_a_file_that_appears_later) {
  file_watcher watched{directory / "c.yaml"};
  EXPECT_EQ(watched.poll(), std::nullopt);
  directory.write("c.yaml", "one");
  EXPECT_EQ(watched.poll(), "one");
}

TEST_F(watcher, takes_no_notice_of_what_is_no_file) {
  fs::create_symlink("loop.yaml", directory / "loop.yaml");
  file_watcher loop{directory / "loop.yaml"};
  EXPECT_EQ(loop.poll(), std::nullopt);
  ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
  file_watcher fifo{directory / "fifo"};
  EXPECT_EQ(fifo.poll(), std::nullopt);
  file_watcher folder{directory / ""};
  EXPECT_EQ(folder.poll(), std::nullopt);
}

TEST_F(watcher, a_file_that_is_too_large_is_handed_out_to_be_refused) {
  directory.write("c.yaml", "one");
  file_watcher watched{directory / "c.yaml"};
  directory.write("c.yaml", std::string(3 * 1024 * 1024, ' '));
  const auto text = watched.poll();
  ASSERT_TRUE(text);
  EXPECT_EQ(text->size(), 1024u * 1024 + 1);
  EXPECT_FALSE(load_text(*text, "c.yaml"));
}

TEST_F(watcher, relative_paths_are_watched_too) {
  EXPECT_EQ(directories_of("no-such-file.yaml"), std::set<std::string>{"."});
  EXPECT_EQ(directories_of("/"), std::set<std::string>{});
  EXPECT_EQ(directories_of("/no-such-directory/c.yaml"), std::set<std::string>{"/"});
}

TEST_F(watcher, opens_no_descriptor_per_poll) {
  directory.write("c.yaml", "0");
  file_watcher watched{directory / "c.yaml"};
  const auto open_files = [] {
    return std::distance(fs::directory_iterator{"/proc/self/fd"}, fs::directory_iterator{});
  };
  const auto before = open_files();
  for (int i = 0; i < 50; ++i) {
    replace("c.yaml", std::to_string(i));
    EXPECT_EQ(watched.poll().has_value(), i != 0);
  }
  EXPECT_EQ(open_files(), before);
  EXPECT_GE(watched.inotify_fd(), 0);
}

} // namespace
} // namespace synapse::config
