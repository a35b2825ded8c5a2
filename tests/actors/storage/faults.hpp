/// @file
/// What the tests of all that is stored share: a directory, a look at it, and file operations that
/// fail or end the process.
#pragma once

#include "actors/storage/file_ops.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace synapse::storage {

namespace fs = std::filesystem;

/// Of this test alone. In memory where there is such a file system with that much room (a container
/// often has no more than 64 MB): these tests end processes, not the machine, and a real disk takes
/// milliseconds for each of thousands of fsyncs.
class scratch {
public:
  explicit scratch(std::uintmax_t needed_bytes = 8U * 1024 * 1024) {
    auto base = fs::temp_directory_path();
    const fs::path memory = "/dev/shm";
    std::error_code none;
    const auto space = fs::space(memory, none);
    if (!none && space.available >= needed_bytes && ::access(memory.c_str(), W_OK | X_OK) == 0)
      base = memory;
    std::string pattern = base / "synapse-storage-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      std::abort();
    path_ = pattern;
  }
  ~scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  const fs::path& path() const noexcept { return path_; }

private:
  fs::path path_;
};

inline void write_file(const fs::path& path, const std::string& text) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  EXPECT_TRUE(file) << "cannot write " << path;
}

inline std::string read_file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

/// Every name below a directory with its contents ("/" for a directory).
using tree = std::map<std::string, std::string>;
inline tree tree_of(const fs::path& root) {
  tree result;
  for (const auto& entry : fs::recursive_directory_iterator{root})
    result[entry.path().lexically_relative(root)] =
        entry.is_directory() ? "/" : read_file(entry.path());
  return result;
}

/// Counts operations; ends the process at, or fails, those it was told to.
class faulty_ops : public file_ops {
public:
  std::size_t count = 0;
  std::size_t crash_at = 0;  ///< number of the operation; 0: never
  std::size_t fail_from = 0; ///< likewise
  std::size_t fail_until = 0;
  int error = ENOSPC;
  std::function<int(const file_operation&)> watch = [](const file_operation&) { return 0; };

  /// Starts counting anew.
  void arm(std::size_t crash, std::size_t first_failure = 0, std::size_t last_failure = 0) {
    count = 0;
    crash_at = crash;
    fail_from = first_failure;
    fail_until = last_failure;
  }

  static constexpr int crashed = 77;

protected:
  int before(const file_operation& operation) override {
    ++count;
    if (count == crash_at) {
      // Half of it may have come to the disk.
      if (operation.action == file_action::write &&
          ::write(operation.descriptor, operation.data.data(), operation.data.size() / 2) < 0)
        ::_exit(1);
      ::_exit(crashed);
    }
    if (fail_from != 0 && count >= fail_from && count <= fail_until)
      return error;
    return watch(operation);
  }
};

/// Runs it in a process of its own. @returns what it returned; nothing when it crashed as
/// faulty_ops crash.
inline std::optional<std::string> in_child(const std::function<std::string()>& action) {
  int ends[2];
  if (::pipe(ends) != 0)
    return "no pipe";
  const auto child = ::fork();
  if (child == 0) {
    std::string text = "an exception";
    try {
      text = action();
    } catch (...) { // NOLINT(bugprone-empty-catch): the text says it
    }
    const auto written = ::write(ends[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int outcome = 0;
  ::waitpid(child, &outcome, 0);
  if (WIFEXITED(outcome) && WEXITSTATUS(outcome) == faulty_ops::crashed)
    return std::nullopt;
  if (!WIFEXITED(outcome) || WEXITSTATUS(outcome) != 0)
    return "the child ended with status " + std::to_string(outcome);
  return text;
}

} // namespace synapse::storage
