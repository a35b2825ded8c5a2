/// @file
/// The stored profiles of all models, in one file that is always replaced as a whole.
///
///     <file>                             the profiles; see profile_file.hpp
///     <folder>/.<name>.tmp               while it is being written
///     <folder>/.<name>.lock              locked by who changes it
///     <file>.damaged-20260203T040506Z    one that could not be used, or not in full
///
/// What has been acknowledged survives a crash. Any number of processes may share the file (on
/// which file systems: see voice_store.hpp): a change starts from what is in the file then, and
/// `load` notices that the file has been replaced. What somebody writes into the file that is
/// there, other than by replacing it, counts from the next start on, unless it is replaced before.
#pragma once

#include "actors/models/profiles/profile_file.hpp"
#include "actors/storage/file_ops.hpp"
#include "actors/storage/lock.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace synapse::models {

using actors::profile_map_ptr;
using actors::put_profile;

struct profile_store_options {
  std::shared_ptr<storage::file_ops> ops; ///< null: those of the system
  std::function<std::chrono::system_clock::time_point()> now = &std::chrono::system_clock::now;
  /// How long a change that another process makes is waited for.
  std::chrono::milliseconds patience = storage::lock_patience;
};

/// Why something could not be stored, for people, without a path; nothing: it was.
using storage_problem = std::optional<std::string>;

/// All members block for as long as the disk does, and are called on one thread. No exceptions.
class profile_store {
public:
  /// @param file absolute, or from the current directory. Nothing is read yet.
  explicit profile_store(std::filesystem::path file, profile_store_options options = {});

  /// Reads the file, unless it is the one that was read last; none is no problem, nor that there is
  /// none any more: what was read stays. A damaged one is renamed.
  /// @returns why it cannot be read, or not be put aside. It is left alone then, and the next call
  /// tries again.
  storage_problem load();

  /// What people should know of the file since the last call: what was damaged, and where it is.
  std::vector<std::string> take_problems();

  /// The profiles as they are on disk; none before the file has been read. Never null.
  profile_map_ptr all() const noexcept { return profiles_; }

  /// Changes a profile; one without values is removed. Makes the folder where it is missing.
  /// @returns nothing once the change is durable. Otherwise `all` is as before, and so is the file,
  /// unless only the last step failed: then the next `load` tells.
  storage_problem put(const put_profile& change);

private:
  void try_load();
  void take_in(const storage::file_handle& folder);
  bool is_new(const storage::file_handle& folder);
  std::string try_read(const storage::file_handle& folder);
  std::optional<std::string> read_text(const storage::file_handle& folder,
                                       storage::file_handle& file);
  storage::file_handle hold(const storage::file_handle& folder);
  void try_save(const storage::file_handle& folder, const profile_map& profiles);
  void remove_leftover(const storage::file_handle& folder);
  void remove_temporary(const storage::file_handle& folder);
  void set_aside(const storage::file_handle& folder, const std::string& why);
  void keep_copy(const storage::file_handle& folder);
  std::string move_aside(const storage::file_handle& folder, const std::string& name);
  profile_map changed(const put_profile& change) const;

  std::filesystem::path folder_;
  std::string name_;
  std::string lock_name_;
  profile_store_options options_;
  profile_map_ptr profiles_ = std::make_shared<const profile_map>();
  /// The file that was read or written last. Open, so that no other one is taken for it.
  storage::file_handle file_;
  bool loaded_ = false;
  bool lockable_ = true;
  bool copy_first_ = false; ///< the file has parts that the next one will not have
  std::vector<std::string> problems_;
};

} // namespace synapse::models
