#include "actors/storage/file_ops.hpp"

#include "actors/storage/failing.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace synapse::storage {

namespace {

file_kind kind_of(mode_t mode) {
  return S_ISREG(mode) ? file_kind::file : S_ISDIR(mode) ? file_kind::directory : file_kind::other;
}

file_kind kind_of(int directory, const dirent& entry) {
  if (entry.d_type == DT_REG)
    return file_kind::file;
  if (entry.d_type == DT_DIR)
    return file_kind::directory;
  struct stat about {};
  // Some file systems do not say.
  if (entry.d_type == DT_UNKNOWN &&
      ::fstatat(directory, entry.d_name, &about, AT_SYMLINK_NOFOLLOW) == 0)
    return kind_of(about.st_mode);
  return file_kind::other;
}

struct close_listing {
  void operator()(DIR* listing) const noexcept { ::closedir(listing); }
};

} // namespace

file_handle::~file_handle() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

std::string describe_errno(int code) {
  switch (code) {
  case ENOSPC:
    return "the disk is full";
  case EDQUOT:
    return "the disk quota is used up";
  case EROFS:
    return "the file system is read-only";
  case EACCES:
  case EPERM:
    return "permission denied";
  case ELOOP:
    return "it is a symbolic link";
  default:
    return std::generic_category().message(code);
  }
}

void file_ops::enter(const file_operation& operation, const char* verb) {
  if (const int code = before(operation); code != 0)
    fail(code, verb, operation.name);
}

file_handle file_ops::open_directory(int at, const std::string& name) {
  enter({.action = file_action::open, .directory = at, .name = name}, "open");
  file_handle handle{::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  check(handle.get(), "open", name);
  return handle;
}

file_handle file_ops::open_file(int at, const std::string& name) {
  enter({.action = file_action::open, .directory = at, .name = name}, "open");
  // Not blocking: a pipe in the place of a file must not hold its reader up.
  file_handle handle{::openat(at, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  check(handle.get(), "open", name);
  struct stat about {};
  check(::fstat(handle.get(), &about), "look at", name);
  if (!S_ISREG(about.st_mode))
    throw io_failure{EBADMSG, name + " is not a regular file"};
  return handle;
}

file_handle file_ops::create_file(int at, const std::string& name) {
  enter({.action = file_action::create, .directory = at, .name = name}, "create");
  file_handle handle{
      ::openat(at, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  check(handle.get(), "create", name);
  return handle;
}

void file_ops::make_private(const file_handle& file, const std::string& name) {
  struct stat about {};
  check(::fstat(file.get(), &about), "look at", name);
  if ((about.st_mode & 07777) != 0600)
    check(::fchmod(file.get(), 0600), "change the mode of", name);
}

void file_ops::write(const file_handle& file, const std::string& name, std::string_view data) {
  enter({.action = file_action::write, .name = name, .descriptor = file.get(), .data = data},
        "write");
  while (!data.empty()) {
    const auto written = ::write(file.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR)
      continue;
    check(written, "write", name);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string file_ops::read(const file_handle& file, const std::string& name, std::size_t limit) {
  enter({.action = file_action::read, .name = name, .descriptor = file.get()}, "read");
  std::string text;
  struct stat about {};
  check(::fstat(file.get(), &about), "look at", name);
  if (static_cast<std::size_t>(about.st_size) > limit)
    throw io_failure{EBADMSG, name + " is longer than " + std::to_string(limit) + " bytes"};
  text.resize(static_cast<std::size_t>(about.st_size));
  std::size_t have = 0;
  while (have < text.size()) {
    const auto got = ::read(file.get(), text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR)
      continue;
    check(got, "read", name);
    if (got == 0)
      break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

void file_ops::sync(const file_handle& file, const std::string& name) {
  enter({.action = file_action::sync, .name = name, .descriptor = file.get()}, "save");
  int outcome = 0;
  do {
    outcome = ::fsync(file.get());
  } while (outcome < 0 && errno == EINTR);
  // Some file systems cannot sync a directory and say so; then there is nothing to be done.
  struct stat about {};
  if (outcome < 0 && (errno == EINVAL || errno == ENOTSUP)) {
    const int code = errno;
    if (::fstat(file.get(), &about) == 0 && S_ISDIR(about.st_mode))
      return;
    errno = code;
  }
  check(outcome, "save", name);
}

void file_ops::replace(int from, const std::string& name, int to, const std::string& target) {
  enter({.action = file_action::rename,
         .directory = from,
         .name = name,
         .to_directory = to,
         .target = target},
        "rename");
  check(::renameat(from, name.c_str(), to, target.c_str()), "rename", name);
}

void file_ops::move(int from, const std::string& name, int to, const std::string& target) {
  enter({.action = file_action::rename,
         .directory = from,
         .name = name,
         .to_directory = to,
         .target = target},
        "rename");
  if (::renameat2(from, name.c_str(), to, target.c_str(), RENAME_NOREPLACE) == 0)
    return;
  if (errno != EINVAL && errno != ENOSYS)
    fail(errno, "rename", name);
  // A file system without that flag, such as NFS. Whoever gives names here holds a lock, or the
  // name is a random one: looking first will do.
  struct stat about {};
  if (::fstatat(to, target.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0)
    fail(EEXIST, "rename", name);
  check(::renameat(from, name.c_str(), to, target.c_str()), "rename", name);
}

void file_ops::make_directory(int at, const std::string& name) {
  enter({.action = file_action::make_directory, .directory = at, .name = name}, "create");
  check(::mkdirat(at, name.c_str(), 0700), "create", name);
}

void file_ops::remove_file(int at, const std::string& name) {
  enter({.action = file_action::remove, .directory = at, .name = name}, "remove");
  check(::unlinkat(at, name.c_str(), 0), "remove", name);
}

void file_ops::remove_directory(int at, const std::string& name) {
  enter({.action = file_action::remove, .directory = at, .name = name}, "remove");
  check(::unlinkat(at, name.c_str(), AT_REMOVEDIR), "remove", name);
}

bool file_ops::exists(int at, const std::string& name) {
  enter({.action = file_action::look, .directory = at, .name = name}, "look at");
  struct stat about {};
  if (::fstatat(at, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0)
    return true;
  if (errno != ENOENT)
    fail(errno, "look at", name);
  return false;
}

std::vector<directory_entry> file_ops::list(const file_handle& directory, const std::string& name) {
  enter({.action = file_action::list, .name = name, .descriptor = directory.get()}, "list");
  // Opened anew: reading moves a position that a duplicate would share.
  const int copy = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  check(copy, "list", name);
  const std::unique_ptr<DIR, close_listing> listing{::fdopendir(copy)};
  if (!listing) {
    const int code = errno;
    ::close(copy);
    fail(code, "list", name);
  }
  std::vector<directory_entry> entries;
  for (errno = 0; const auto* entry = ::readdir(listing.get()); errno = 0) {
    const std::string_view entry_name{entry->d_name};
    if (entry_name != "." && entry_name != "..")
      entries.push_back({std::string{entry_name}, kind_of(directory.get(), *entry)});
  }
  if (errno != 0)
    fail(errno, "list", name);
  return entries;
}

} // namespace synapse::storage
