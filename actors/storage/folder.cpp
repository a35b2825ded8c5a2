#include "actors/storage/folder.hpp"

#include "actors/storage/failing.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace synapse::storage {

void make_folder(const std::filesystem::path& folder, std::string_view what) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error))
    return;
  const auto parent = folder.parent_path();
  if (!parent.empty() && parent != folder)
    make_folder(parent, "the directory above " + std::string{what});
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    fail(errno, "create", what);
  // What lies in a folder whose own name is lost would be lost with it.
  const file_handle above{
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (above.get() >= 0)
    static_cast<void>(::fsync(above.get()));
}

file_handle open_folder(const std::filesystem::path& folder, std::string_view what) {
  file_handle handle{
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (handle.get() < 0)
    fail(errno, "open", what);
  return handle;
}

} // namespace synapse::storage
