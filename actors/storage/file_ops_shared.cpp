// What processes do to files that they share.
#include "actors/storage/failing.hpp"
#include "actors/storage/file_ops.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace synapse::storage {

namespace {

/// One byte of a file, as fcntl wants it. Locks of open file descriptions: other than those of
/// flock they are bytes on NFS as well, and other than those of processes they are not lost when
/// some other handle of the same file is closed.
struct flock byte_lock(std::uint64_t byte, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  return lock;
}

} // namespace

file_handle file_ops::open_shared(int at, const std::string& name) {
  enter({.action = file_action::open, .directory = at, .name = name}, "open");
  file_handle handle{
      ::openat(at, name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)};
  check(handle.get(), "open", name);
  struct stat about {};
  check(::fstat(handle.get(), &about), "look at", name);
  if (!S_ISREG(about.st_mode))
    throw io_failure{EBADMSG, name + " is not a regular file"};
  return handle;
}

bool file_ops::try_lock(const file_handle& file, const std::string& name, std::uint64_t byte,
                        lock_kind kind) {
  enter({.action = file_action::lock, .name = name, .descriptor = file.get()}, "lock");
  auto lock = byte_lock(byte, kind == lock_kind::exclusive ? F_WRLCK : F_RDLCK);
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0)
    return true;
  if (errno != EAGAIN && errno != EACCES && errno != EINTR)
    fail(errno, "lock", name);
  return false;
}

bool file_ops::is_locked(const file_handle& file, const std::string& name, std::uint64_t byte) {
  enter({.action = file_action::lock, .name = name, .descriptor = file.get()}, "look at a lock of");
  auto lock = byte_lock(byte, F_RDLCK);
  check(::fcntl(file.get(), F_OFD_GETLK, &lock), "look at a lock of", name);
  return lock.l_type != F_UNLCK;
}

void file_ops::unlock(const file_handle& file, std::uint64_t byte) noexcept {
  auto lock = byte_lock(byte, F_UNLCK);
  static_cast<void>(::fcntl(file.get(), F_OFD_SETLK, &lock));
}

std::string file_ops::read_at(const file_handle& file, const std::string& name,
                              std::uint64_t offset, std::size_t size) {
  enter({.action = file_action::look, .name = name, .descriptor = file.get()}, "look at");
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const auto got =
        ::pread(file.get(), text.data() + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR)
      continue;
    check(got, "look at", name);
    if (got == 0)
      break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

void file_ops::write_note(const file_handle& file, const std::string& name, std::uint64_t offset,
                          std::string_view data) {
  enter({.action = file_action::mark, .name = name, .descriptor = file.get()}, "write");
  while (!data.empty()) {
    const auto written = ::pwrite(file.get(), data.data(), data.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR)
      continue;
    check(written, "write", name);
    data.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

std::optional<file_identity> file_ops::identify(int at, const std::string& name) {
  enter({.action = file_action::look, .directory = at, .name = name}, "look at");
  struct stat about {};
  if (::fstatat(at, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0)
    return file_identity{about.st_dev, about.st_ino};
  if (errno != ENOENT)
    fail(errno, "look at", name);
  return std::nullopt;
}

file_identity file_ops::identify(const file_handle& file) noexcept {
  struct stat about {};
  if (::fstat(file.get(), &about) != 0)
    return {};
  return {about.st_dev, about.st_ino};
}

bool file_ops::has_name(const file_handle& file) noexcept {
  struct stat about {};
  return ::fstat(file.get(), &about) == 0 && about.st_nlink > 0;
}

} // namespace synapse::storage
