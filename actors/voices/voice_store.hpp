/// @file
/// The library of voices on disk: one folder per voice, named by its id (see voice_folder.hpp).
///
///     <dir>/<uuid>/                       a voice
///     <dir>/.incoming-<owner>-<random>/   an upload that is being written, or was when its process
///                                         died
///     <dir>/.trash-<owner>-<random>/      a voice that has been removed and is being deleted
///     <dir>/.lock                         see library_lock.hpp
///
/// What an operation has acknowledged survives a crash; what it has not leaves nothing behind once
/// another change has been made, by whomever, or the library has been opened again. Other files in
/// the directory are left alone.
///
/// Any number of processes may share a library. They change it one after the other, and each sees
/// with `refresh` what the others have acknowledged. The file system has to have locks of open file
/// descriptions (fcntl, F_OFD_SETLK) that hold on all machines that share it, and to show on all of
/// them what one has written: a local one for processes of one machine, CephFS; NFS from version 4
/// on, mounted with `actimeo=0`, for else its clients remember folders for up to a minute. Where
/// there are no locks at all, only one process may use it, and a problem says so.
#pragma once

#include "actors/voices/library_lock.hpp"
#include "actors/voices/result.hpp"
#include "actors/voices/voice.hpp"
#include "actors/voices/voice_folder.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::voices {

struct store_options {
  std::shared_ptr<file_ops> ops;               ///< null: those of the system
  std::function<std::string()> now = &utc_now; ///< for `created_at`
  /// How long a change that another process makes is waited for.
  std::chrono::milliseconds patience = storage::lock_patience;
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
  /// voices. A process of a version that did not share its library is refused from then on, and
  /// refuses this one while it runs.
  /// @returns `storage_failed` when the directory cannot be made, locked or read.
  static result<voice_store> open(const std::filesystem::path& directory,
                                  store_options options = {});

  /// What was not liked in the library, each once: voices left out (and left alone), leftovers that
  /// could not be removed. Grows.
  const std::vector<std::string>& problems() const noexcept { return problems_; }

  /// Takes in what other processes have changed. Mostly one look into a file; waits when somebody
  /// else is in the midst of a change and an earlier one is not known yet.
  /// @returns `storage_failed` when it cannot be known.
  status refresh();

  /// @returns the voices that others have changed or removed since this was last asked.
  std::vector<std::string> take_changed() { return std::exchange(changed_, {}); }

  /// All voices by `created_at`, then id. Touches no file.
  std::vector<voice> list() const;

  /// @returns null when there is none; valid until the next operation. Touches no file.
  const voice* find(std::string_view id) const noexcept;

  /// All voices of that name, composed or decomposed, oldest first. Touches no file.
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

  /// Its files may take until another `open` to disappear if they resist; the voice does not.
  status remove(std::string_view id);

  /// Removes an upload and what has been written to it. Does nothing when there is no such upload.
  void discard(const std::string& upload_id);

private:
  struct by_creation {
    bool operator()(const voice* a, const voice* b) const noexcept;
  };

  voice_store(std::filesystem::path directory, store_options options);

  /// Says as long as it lives that a voice is being changed.
  class marked_change {
  public:
    marked_change(voice_store& store, std::string_view voice);
    marked_change(const marked_change&) = delete;
    marked_change& operator=(const marked_change&) = delete;
    ~marked_change();

  private:
    voice_store& store_;
  };

  // voice_store_recovery.cpp
  void open_root();
  /// Reads everything anew and puts right what a crash left.
  void recover();
  void recover_voice(const std::string& id);
  void remove_leftover(const storage::directory_entry& entry);
  bool is_leftover(std::string_view name);
  void note(std::string problem);

  // voice_store_sharing.cpp; all but the first two for who holds the lock
  void look();
  storage::held_lock hold_to_change();
  void catch_up(bool to_change);
  void take_in(library_notes& notes);
  bool take_in_changes(library_notes& notes, std::uint64_t had);
  bool tidy_owners(library_notes& notes);

  void keep(voice what);
  void forget(std::string_view id);
  /// @returns the voice's folder; when it has vanished, forgets the voice and throws what
  /// becomes `voice_not_found`.
  file_handle open_voice(const std::string& id);
  void save_upload(const file_handle& incoming, const std::vector<upload_file>& files);
  void prepare_voice(const std::string& incoming_name, voice& what,
                     const std::vector<upload_file>& files);
  void try_create(const std::string& incoming_name, const voice& what);
  voice try_add(const std::string& id, const std::string& incoming_name,
                const std::vector<upload_file>& files);
  /// Takes an addition back that failed earlier and could not be taken back then.
  void finish_undo(const std::string& id, const file_handle& folder);
  /// @returns the name that it has now.
  std::string try_remove(const std::string& id);
  std::string new_name(std::string_view prefix) const;
  /// Best effort: what stays is removed when this process is no more.
  void remove_quietly(const std::string& name) noexcept;

  std::filesystem::path directory_;
  store_options options_;
  file_handle root_;
  library_lock lock_;
  std::uint64_t owner_ = 0;       ///< this process's number
  std::uint64_t known_ = nothing; ///< generation of what is in memory
  std::map<std::string, voice, std::less<>> voices_;
  std::set<const voice*, by_creation> order_; ///< points into voices_
  /// By `comparable_name`; points into voices_.
  std::multimap<std::string, const voice*, std::less<>> by_name_;
  std::set<std::string> uploads_;              ///< ids of those that are open
  std::map<std::string, addition> unfinished_; ///< failed and not yet undone, by voice
  std::vector<std::string> changed_;           ///< by others
  std::vector<std::string> problems_;

  static constexpr std::uint64_t nothing = ~std::uint64_t{0};
};

} // namespace synapse::voices
