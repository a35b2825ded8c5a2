/// @file
/// Notices that the configuration file, or one that it refers to, has other content than before.
#pragma once

#include "config/text/file_text.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace synapse::config {

/// Watches one file, whichever way it is changed: written in place, replaced by an editor, or moved
/// under by the swap of a symlink, as Kubernetes does with a mounted ConfigMap (`..data`).
///
/// Has no thread and no timer: call poll() when inotify_fd() is readable, and every few seconds
/// besides, since network file systems and a missing inotify never wake the descriptor. Not
/// thread-safe; poll() blocks for disk I/O only. Copying makes no sense, the descriptor is owned.
class file_watcher {
public:
  /// What the file holds now counts as seen. Construct the watcher *before* the file is loaded: a
  /// change in between is then reported once too often rather than never.
  explicit file_watcher(std::string path);
  ~file_watcher();
  file_watcher(const file_watcher&) = delete;
  file_watcher& operator=(const file_watcher&) = delete;

  /// From now on a change of one of these files counts as one of the first file, too. What they
  /// hold now counts as seen, unless they were followed before.
  void follow(const std::vector<std::string>& others);

  /// The file's text when it differs from the one seen last (which it then becomes), bounded to
  /// just above the size that load_text() refuses. Empty while nothing changed, and while the file
  /// is absent, unreadable or being written: what was seen last stays.
  std::optional<std::string> poll();

  /// A non-blocking descriptor that becomes readable when something changed in a directory on the
  /// way to the file; poll() empties it. Owned by the watcher and the same for its life; -1 when
  /// the system has no inotify left.
  int inotify_fd() const { return inotify_; }

private:
  /// What was read last, without keeping the text.
  struct content {
    std::uint64_t hash = 0;
    std::uint64_t size = 0;
    bool operator==(const content&) const = default;
  };

  struct watched_file {
    std::string path;
    std::optional<file_identity> identity; ///< of the last reading, if it can be relied on
    std::optional<content> seen;
  };

  static content digest(const std::string& text);
  static std::optional<std::string> read_changed(watched_file& file);
  void drain();
  void watch_directories();

  watched_file first_;
  std::vector<watched_file> others_;
  int inotify_ = -1;
  std::map<int, std::string> watches_; ///< watch descriptor → directory
};

/// The directories whose entries decide what `path` resolves to: the one of every symlink on the
/// way and the one that holds the file; where something is missing, the directory that lacks it.
std::set<std::string> directories_of(const std::string& path);

} // namespace synapse::config
