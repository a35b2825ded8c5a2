/// @file
/// File operations that know what a loss of power would take.
#pragma once

#include "tests/actors/storage/faults.hpp"

#include <set>
#include <string_view>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace synapse::storage {

/// Knows what a loss of power would take: contents and names that have not been synced.
class tracking_ops : public file_ops {
public:
  using inode = std::pair<dev_t, ino_t>;
  std::vector<std::string> violations;

  /// @param is_leftover of a name: its removal need not be durable.
  explicit tracking_ops(std::function<bool(std::string_view)> is_leftover)
      : is_leftover_(std::move(is_leftover)) {}

  void note_written(const fs::path& path) {
    struct stat about {};
    ASSERT_EQ(::lstat(path.c_str(), &about), 0);
    unsaved_.insert({about.st_dev, about.st_ino});
  }

  /// Names below `path`, and itself, of which something would be lost.
  std::vector<std::string> unsaved(const fs::path& path) const {
    std::vector<std::string> result;
    if (is_unsaved(path))
      result.push_back(path);
    if (fs::is_directory(path))
      for (const auto& entry : fs::recursive_directory_iterator{path})
        if (is_unsaved(entry.path()))
          result.push_back(entry.path());
    return result;
  }

protected:
  int before(const file_operation& operation) override {
    switch (operation.action) {
    case file_action::create:
    case file_action::make_directory:
      mark(operation.directory);
      break;
    case file_action::remove:
      if (!is_leftover_(operation.name))
        mark(operation.directory);
      break;
    case file_action::write:
      mark(operation.descriptor);
      break;
    case file_action::sync:
      unsaved_.erase(inode_of(operation.descriptor));
      break;
    case file_action::rename: {
      // Whatever gets its final name has to be on the disk by then.
      const auto path =
          fs::read_symlink("/proc/self/fd/" + std::to_string(operation.directory)) / operation.name;
      for (const auto& problem : unsaved(path))
        violations.push_back(problem + " is not durable when " + path.string() + " becomes " +
                             std::string{operation.target});
      mark(operation.directory);
      mark(operation.to_directory);
      break;
    }
    default:
      break;
    }
    return 0;
  }

private:
  static inode inode_of(int descriptor) {
    struct stat about {};
    ::fstat(descriptor, &about);
    return {about.st_dev, about.st_ino};
  }
  bool is_unsaved(const fs::path& path) const {
    struct stat about {};
    return ::lstat(path.c_str(), &about) == 0 && unsaved_.contains({about.st_dev, about.st_ino});
  }
  void mark(int descriptor) { unsaved_.insert(inode_of(descriptor)); }

  std::function<bool(std::string_view)> is_leftover_;
  std::set<inode> unsaved_;
};

} // namespace synapse::storage
