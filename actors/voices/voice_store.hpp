/// @file
/// The library of voices on disk: one folder per voice, named by its id (see voice_folder.hpp).
///
///     <dir>/<uuid>/               a voice
///     <dir>/.incoming-<random>/   an upload that is being written, or was when the process died
///     <dir>/.trash-<random>/      a voice that has been removed and is being deleted
///
/// What an operation has acknowledged survives a crash; what it has not leaves nothing behind once
/// the library has been opened again. Other files in the directory are left alone.
#pragma once

#include "actors/voices/result.hpp"
#include "actors/voices/voice.hpp"
#include "actors/voices/voice_folder.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::voices {

struct store_options {
  std::shared_ptr<file_ops> ops;               ///< null: those of the system
  std::function<std::string()> now = &utc_now; ///< for `created_at`
};

/// A private folder into which the caller writes `0.wav`, `1.wav` ….
struct upload {
  std::string id;
  std::filesystem::path directory;
};

/// One file of an upload.
struct upload_file {
  std::string name;   ///< within the upload's folder
  double seconds = 0; ///< its duration
};

/// All members block for as long as the disk does, and are called on one thread. No exceptions.
class voice_store {
public:
  /// Creates the directory where there is none, clears away what a crash left, and reads all
  /// voices. Holds a lock on the directory as long as it lives: a second process would take this
  /// one's uploads for leftovers.
  /// @returns `storage_failed` when the directory cannot be made, locked or read.
  static result<voice_store> open(const std::filesystem::path& directory,
                                  store_options options = {});

  /// What `open` did not like: voices it left out (and left alone), leftovers it could not remove.
  const std::vector<std::string>& problems() const noexcept { return problems_; }

  /// All voices by `created_at`, then id. Touches no file.
  std::vector<voice> list() const;

  /// @returns null when there is none; valid until the next operation. Touches no file.
  const voice* find(std::string_view id) const noexcept;

  /// All voices of that name, oldest first. Touches no file.
  std::vector<const voice*> find_by_name(std::string_view name) const;

  /// Where the first reference is. @returns `voice_not_found` also for a voice without references.
  result<std::filesystem::path> reference_path(std::string_view id);

  result<upload> begin_upload();

  /// Makes a voice of the upload's files, in their order. The upload is used up, whatever comes of
  /// it; nobody may write into its folder any more.
  result<voice> create(const std::string& upload_id, std::string_view name,
                       const std::vector<upload_file>& files);

  /// Appends references with the next numbers: all of them or none. Uses the upload up likewise.
  result<voice> add(std::string_view id, const std::string& upload_id,
                    const std::vector<upload_file>& files);

  /// Its files may take until the next `open` to disappear if they resist; the voice does not.
  status remove(std::string_view id);

  /// Removes an upload and what has been written to it. Does nothing when there is no such upload.
  void discard(const std::string& upload_id);

private:
  struct by_creation {
    bool operator()(const voice* a, const voice* b) const noexcept;
  };

  voice_store(std::filesystem::path directory, store_options options);

  // voice_store_recovery.cpp
  void open_root();
  void recover();
  void recover_voice(const std::string& id);

  void keep(voice what);
  void forget(std::string_view id);
  /// @returns the voice's folder; when it has vanished, forgets the voice and throws what
  /// becomes `voice_not_found`.
  file_handle open_voice(const std::string& id);
  void save_upload(const file_handle& incoming, const std::vector<upload_file>& files);
  voice try_create(const std::string& incoming_name, voice what,
                   const std::vector<upload_file>& files);
  voice try_add(const std::string& id, const std::string& incoming_name,
                const std::vector<upload_file>& files);
  /// Takes an addition back that failed earlier and could not be taken back then.
  void finish_undo(const std::string& id, const file_handle& folder);
  void try_remove(const std::string& id);
  /// Best effort: what stays is removed by the next `open`.
  void remove_quietly(const std::string& name) noexcept;

  std::filesystem::path directory_;
  store_options options_;
  file_handle root_;
  std::map<std::string, voice, std::less<>> voices_;
  std::set<const voice*, by_creation> order_;  ///< points into voices_
  std::set<std::string> uploads_;              ///< ids of those that are open
  std::map<std::string, addition> unfinished_; ///< failed and not yet undone, by voice
  std::vector<std::string> problems_;
};

} // namespace synapse::voices
