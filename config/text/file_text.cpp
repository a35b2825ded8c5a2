#include "config/text/file_text.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace synapse::config {

namespace {

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

file_identity identity_of(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino),
          static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec,
          static_cast<std::int64_t>(info.st_size)};
}

std::string last_error() {
  return std::generic_category().message(errno);
}

/// Appends up to `limit` bytes; false on an error other than an interruption.
bool read_up_to(int fd, std::size_t limit, std::string& text) {
  char buffer[16 * 1024];
  while (text.size() < limit) {
    const ssize_t count = ::read(fd, buffer, std::min(sizeof buffer, limit - text.size()));
    if (count == 0)
      return true;
    if (count > 0)
      text.append(buffer, static_cast<std::size_t>(count));
    else if (errno != EINTR)
      return false;
  }
  return true;
}

} // namespace

std::optional<file_text> read_file(const std::string& path, std::size_t max_bytes,
                                   std::string* error) {
  const auto failure = [error](std::string why) -> std::optional<file_text> {
    if (error)
      *error = std::move(why);
    return std::nullopt;
  };
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.get() < 0)
    return failure("cannot be opened: " + last_error());
  struct stat before {};
  struct stat after {};
  if (::fstat(file.get(), &before) != 0)
    return failure("cannot be examined: " + last_error());
  if (!S_ISREG(before.st_mode))
    return failure("is not a regular file");
  file_text result;
  if (!read_up_to(file.get(), max_bytes + 1, result.text) || ::fstat(file.get(), &after) != 0)
    return failure("cannot be read: " + last_error());
  result.identity = identity_of(before);
  result.torn = identity_of(after) != result.identity;
  return result;
}

std::optional<file_identity> identify(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
    return std::nullopt;
  return identity_of(info);
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

} // namespace synapse::config
