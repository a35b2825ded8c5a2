#include "actors/voices/voice_folder.hpp"
#include "actors/voices/voice_store.hpp"
#include "actors/voices/voice_store_names.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace synapse::voices {

namespace {

using storage::describe_errno;

[[noreturn]] void fail(int code, const std::string& what) {
  throw io_failure{code, what + ": " + describe_errno(code)};
}

/// Makes the directory and those above it. @returns whether it had to be made.
void make_root(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error))
    return;
  const auto parent = directory.parent_path();
  if (!parent.empty()) {
    std::filesystem::create_directories(parent, error);
    if (error)
      fail(error.value(), "cannot create the directory above the voice library");
  }
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    fail(errno, "cannot create the voice library");
  // Voices in a directory whose own name is lost would be lost with it.
  const file_handle above{
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (above.get() >= 0)
    static_cast<void>(::fsync(above.get()));
}

} // namespace

void voice_store::open_root() {
  make_root(directory_);
  // The library itself may well be a symbolic link: whoever configured it knows.
  root_ = file_handle{::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (root_.get() < 0)
    fail(errno, "cannot open the voice library");
  if (::flock(root_.get(), LOCK_EX | LOCK_NB) == 0)
    return;
  if (errno == EWOULDBLOCK)
    throw io_failure{EWOULDBLOCK, "another process uses the voice library"};
  problems_.push_back("the voice library cannot be locked: " + describe_errno(errno));
}

void voice_store::recover() {
  for (const auto& entry : options_.ops->list(root_, "the voice library")) {
    if (is_leftover(entry.name)) {
      try {
        if (entry.kind == file_kind::directory)
          remove_tree(*options_.ops, root_.get(), entry.name);
        else
          options_.ops->remove_file(root_.get(), entry.name);
      } catch (const io_failure& problem) {
        problems_.push_back(entry.name + " stays: " + problem.text);
      }
    } else if (entry.kind == file_kind::directory && is_voice_id(entry.name)) {
      recover_voice(entry.name);
    }
  }
}

void voice_store::recover_voice(const std::string& id) {
  try {
    const auto folder = options_.ops->open_directory(root_.get(), id);
    recover_folder(*options_.ops, folder);
    keep(read_voice(*options_.ops, folder, id));
  } catch (const io_failure& problem) {
    problems_.push_back("voice " + id + " is left out: " + problem.text);
  }
}

} // namespace synapse::voices
