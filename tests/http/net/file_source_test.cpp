#include "http/net/file_source.hpp"
#include "tests/support/io_runner.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace synapse::net {
namespace {

struct file_sources : testing::Test {
  file_sources() {
    std::string pattern = std::filesystem::temp_directory_path() / "synapse-source-XXXXXX";
    directory = ::mkdtemp(pattern.data());
  }
  ~file_sources() override {
    runner.stop();
    std::filesystem::remove_all(directory);
  }
  std::string make(const char* name, const std::string& content) const {
    std::ofstream{directory / name, std::ios::binary} << content;
    return (directory / name).string();
  }
  local_ptr<file_source> open(const std::string& path, const wake_ptr& wake) {
    return make_local<file_source>(runner.io(), pool, path, wake);
  }

  std::filesystem::path directory;
  blocking_pool pool{2};
  test::io_runner runner;
};

/// Reads to the end or to an error, `piece` bytes at a time.
task<std::string> read_whole(file_source& source, wake_ptr wake, std::size_t piece) {
  std::string all;
  while (!source.done() && source.error() == 0) {
    const auto bytes = source.bytes().substr(0, piece);
    if (bytes.empty()) {
      co_await wake->wait();
      continue;
    }
    all.append(bytes);
    source.consume(bytes.size());
  }
  co_return all;
}

TEST_F(file_sources, read_a_file_in_order_whatever_is_taken_at_once) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, file_source::buffer_size - 1, file_source::buffer_size,
        file_source::buffer_size + 1, 5 * file_source::buffer_size + 17}) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      content[i] = static_cast<char>(i * 2654435761U >> 24);
    const auto path = make("file", content);
    for (const std::size_t piece : {std::size_t{4099}, std::size_t{1} << 20}) {
      runner.run([&]() -> task<void> {
        auto wake = make_local<wake_point>();
        auto source = open(path, wake);
        const auto seen = co_await read_whole(*source, wake, piece);
        EXPECT_EQ(source->error(), 0);
        EXPECT_EQ(source->size(), size);
        EXPECT_TRUE(seen == content) << size << " bytes by " << piece;
      });
    }
  }
}

TEST_F(file_sources, know_when_the_file_was_changed) {
  const auto path = make("file", "content");
  const timespec times[2] = {{1'700'000'000, 5}, {1'700'000'000, 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  runner.run([&]() -> task<void> {
    auto wake = make_local<wake_point>();
    auto source = open(path, wake);
    while (!source->opened())
      co_await wake->wait();
    EXPECT_EQ(source->modified_ns(), 1'700'000'000'000'000'005);
  });
}

TEST_F(file_sources, say_why_a_file_cannot_be_read) {
  const auto real = make("real", "content");
  std::filesystem::create_symlink(real, directory / "link");
  ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
  const std::pair<std::string, int> cases[] = {
      {"nothing", ENOENT}, {"link", ELOOP}, {"fifo", EINVAL}, {".", EINVAL}};
  for (const auto& [name, error] : cases) {
    const auto path = (directory / name).string();
    const int expected = error;
    runner.run([&]() -> task<void> {
      auto wake = make_local<wake_point>();
      auto source = open(path, wake);
      while (!source->opened())
        co_await wake->wait();
      EXPECT_EQ(source->error(), expected) << path;
      EXPECT_FALSE(source->done());
    });
  }
}

TEST_F(file_sources, do_not_take_a_file_that_becomes_shorter_for_a_whole_one) {
  const auto path = make("file", std::string(4 * file_source::buffer_size, 'x'));
  runner.run([&]() -> task<void> {
    auto wake = make_local<wake_point>();
    auto source = open(path, wake);
    while (source->bytes().empty())
      co_await wake->wait();
    std::filesystem::resize_file(path, 10);
    co_await read_whole(*source, wake, 1 << 20);
    EXPECT_EQ(source->error(), EIO);
    EXPECT_FALSE(source->done());
  });
}

TEST_F(file_sources, may_be_dropped_while_they_read) {
  const auto path = make("file", std::string(4 * file_source::buffer_size, 'x'));
  runner.run([&]() -> task<void> {
    auto wake = make_local<wake_point>();
    open(path, wake).reset();
    auto source = open(path, wake);
    while (source->bytes().empty())
      co_await wake->wait();
    source.reset();
    co_return;
  });
}

} // namespace
} // namespace synapse::net
