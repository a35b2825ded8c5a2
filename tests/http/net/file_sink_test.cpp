#include "http/net/file_sink.hpp"
#include "tests/support/io_runner.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace synapse::net {
namespace {

struct file_sinks : testing::Test {
  file_sinks() {
    std::string pattern = std::filesystem::temp_directory_path() / "synapse-sink-XXXXXX";
    directory = ::mkdtemp(pattern.data());
  }
  ~file_sinks() override {
    runner.stop();
    std::filesystem::remove_all(directory);
  }
  std::string path(const char* name) const { return (directory / name).string(); }
  std::string content(const char* name) const {
    std::ifstream file{path(name), std::ios::binary};
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  local_ptr<file_sink> make(const char* name, const wake_ptr& wake) {
    return make_local<file_sink>(runner.io(), pool, path(name), wake);
  }

  std::filesystem::path directory;
  blocking_pool pool{2};
  test::io_runner runner;
};

task<void> write_whole(file_sink& sink, wake_ptr wake, std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    const auto taken = sink.append(bytes.substr(0, piece));
    bytes.remove_prefix(taken);
    while (sink.full())
      co_await wake->wait();
  }
  sink.finish();
  while (!sink.done())
    co_await wake->wait();
}

TEST_F(file_sinks, write_what_they_are_given_in_order) {
  std::string bytes;
  for (int i = 0; i < 200'000; ++i)
    bytes += std::to_string(i);
  ASSERT_GT(bytes.size(), 8 * file_sink::buffer_size);
  for (const std::size_t piece : {bytes.size(), std::size_t{16'384}, std::size_t{1'001}}) {
    const auto name = std::to_string(piece);
    runner.run([&]() -> task<void> {
      auto wake = make_local<wake_point>();
      auto sink = make(name.c_str(), wake);
      co_await write_whole(*sink, wake, bytes, piece);
      EXPECT_EQ(sink->error(), 0);
      EXPECT_EQ(sink->size(), bytes.size());
    });
    EXPECT_TRUE(content(name.c_str()) == bytes) << piece;
  }
}

TEST_F(file_sinks, make_private_files_and_empty_ones_too) {
  runner.run([&]() -> task<void> {
    auto wake = make_local<wake_point>();
    auto sink = make("empty", wake);
    co_await write_whole(*sink, wake, {}, 1);
    EXPECT_EQ(sink->error(), 0);
  });
  struct stat info {};
  ASSERT_EQ(::stat(path("empty").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(file_sinks, never_hold_more_than_two_buffers) {
  runner.run([&]() -> task<void> {
    auto wake = make_local<wake_point>();
    auto sink = make("bounded", wake);
    const std::string bytes(10 * file_sink::buffer_size, 'x');
    // The thread that would hear of what was written is this one: nothing gets free meanwhile.
    std::size_t taken = 0;
    while (const auto n = sink->append(std::string_view{bytes}.substr(taken)))
      taken += n;
    EXPECT_EQ(taken, 2 * file_sink::buffer_size);
    EXPECT_TRUE(sink->full());
    co_await write_whole(*sink, wake, std::string_view{bytes}.substr(taken), bytes.size());
  });
  EXPECT_EQ(content("bounded").size(), 10 * file_sink::buffer_size);
}

TEST_F(file_sinks, tell_why_they_could_not_write) {
  std::ofstream{path("there")} << "old";
  std::filesystem::create_symlink(path("there"), path("link"));
  const std::pair<const char*, int> cases[] = {
      {"there", EEXIST}, {"link", EEXIST}, {"missing/file", ENOENT}};
  for (const auto& [name, expected] : cases) {
    int error = 0;
    runner.run([&, name = name]() -> task<void> {
      auto wake = make_local<wake_point>();
      auto sink = make(name, wake);
      const std::string bytes(3 * file_sink::buffer_size, 'x');
      co_await write_whole(*sink, wake, bytes, bytes.size());
      error = sink->error();
    });
    EXPECT_EQ(error, expected) << name;
  }
  EXPECT_EQ(content("there"), "old");
}

TEST_F(file_sinks, may_be_dropped_while_they_write) {
  runner.run([&]() -> task<void> {
    auto wake = make_local<wake_point>();
    auto sink = make("dropped", wake);
    sink->append(std::string(file_sink::buffer_size, 'x'));
    EXPECT_FALSE(sink->idle());
    sink.reset();
    co_return;
  });
  runner.stop(); // waits for what was begun
  EXPECT_EQ(content("dropped").size(), file_sink::buffer_size);
}

} // namespace
} // namespace synapse::net
