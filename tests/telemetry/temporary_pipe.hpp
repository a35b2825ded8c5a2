/// @file
/// A pipe that tests read what was written from.
#pragma once

#include <gtest/gtest.h>

#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace synapse::telemetry::test {

class temporary_pipe {
public:
  temporary_pipe() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
  ~temporary_pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  temporary_pipe(const temporary_pipe&) = delete;
  temporary_pipe& operator=(const temporary_pipe&) = delete;

  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }

  void close_reader() {
    if (ends_[0] >= 0)
      ::close(ends_[0]);
    ends_[0] = -1;
  }

  /// Shrinks the pipe to one page; returns what it holds.
  std::size_t shrink() { return static_cast<std::size_t>(::fcntl(ends_[1], F_SETPIPE_SZ, 4096)); }

  /// What is in the pipe now; does not wait.
  std::string read_all() {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string text;
    char buffer[65536];
    for (ssize_t n; (n = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    return text;
  }

private:
  int ends_[2] = {-1, -1};
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  EXPECT_EQ(begin, text.size()) << "the last line has no end";
  return lines;
}

} // namespace synapse::telemetry::test
