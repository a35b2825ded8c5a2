#include "actors/models/profiles/profile_store.hpp"

#include "actors/storage/durable_file.hpp"
#include "actors/storage/folder.hpp"
#include "telemetry/timestamp.hpp"

#include <cerrno>
#include <exception>
#include <utility>

namespace synapse::models {

namespace {

using storage::file_handle;
using storage::io_failure;

constexpr std::string_view folder_words = "the directory of the model profiles";
constexpr int max_namesakes = 10'000;

/// Runs an operation; what it throws becomes a problem.
template <class Action>
storage_problem guarded(Action&& action) {
  try {
    action();
    return std::nullopt;
  } catch (const io_failure& problem) {
    return problem.text;
  } catch (const std::exception& problem) {
    return problem.what();
  }
}

/// `20260203T040506Z`: fit for a file's name.
std::string compact_stamp(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  char text[telemetry::seconds_stamp_bytes];
  const auto* end = telemetry::write_seconds_stamp(text, seconds);
  std::string result;
  for (const auto* c = text; c != end; ++c)
    if (*c != '-' && *c != ':')
      result += *c;
  return result + 'Z';
}

} // namespace

profile_store::profile_store(std::filesystem::path file, profile_store_options options)
    : options_(std::move(options)) {
  if (!options_.ops)
    options_.ops = std::make_shared<storage::file_ops>();
  // Absolute, so that it stays the same file whatever becomes the current directory.
  std::error_code error;
  if (auto whole = std::filesystem::absolute(file, error); !error)
    file = std::move(whole);
  folder_ = file.parent_path();
  name_ = file.filename().string();
  lock_name_ = '.' + name_ + ".lock";
}

storage_problem profile_store::load() {
  return guarded([this] { try_load(); });
}

std::vector<std::string> profile_store::take_problems() {
  return std::exchange(problems_, {});
}

void profile_store::try_load() {
  file_handle folder;
  try {
    folder = storage::open_folder(folder_, folder_words);
  } catch (const io_failure& problem) {
    if (problem.code != ENOENT)
      throw;
    loaded_ = true;
    return;
  }
  if (!loaded_)
    remove_leftover(folder);
  // Others replace the file as a whole: to read it takes no lock.
  if (is_new(folder) && !try_read(folder).empty()) {
    const auto held = hold(folder);
    take_in(folder); // somebody else may have put it aside meanwhile
  }
  loaded_ = true;
}

/// For who holds the lock.
void profile_store::take_in(const file_handle& folder) {
  if (is_new(folder))
    if (const auto damage = try_read(folder); !damage.empty())
      set_aside(folder, damage);
  loaded_ = true;
}

/// @returns whether the file is another one than that which was read or written last.
bool profile_store::is_new(const file_handle& folder) {
  const auto now = options_.ops->identify(folder.get(), name_);
  return now && (file_.get() < 0 || *now != storage::file_ops::identify(file_));
}

/// @returns the damage for which the file was not taken.
std::string profile_store::try_read(const file_handle& folder) {
  std::optional<std::string> text;
  file_handle file;
  try {
    text = read_text(folder, file);
  } catch (const io_failure& problem) {
    if (problem.code != EBADMSG)
      throw;
    return problem.text; // too long, or no file
  }
  if (!text)
    return {};
  auto reading = read_profiles(*text);
  if (!reading.damage.empty())
    return reading.damage;
  copy_first_ = !reading.problems.empty();
  for (auto& problem : reading.problems)
    problems_.push_back(name_ + ": " + std::move(problem));
  profiles_ = std::make_shared<const profile_map>(std::move(reading.profiles));
  file_ = std::move(file);
  return {};
}

/// @returns nothing when there is no file.
std::optional<std::string> profile_store::read_text(const file_handle& folder, file_handle& file) {
  try {
    file = options_.ops->open_file(folder.get(), name_);
    return options_.ops->read(file, name_, max_profile_file_bytes);
  } catch (const io_failure& problem) {
    if (problem.code != ENOENT)
      throw;
    return std::nullopt;
  }
}

/// Keeps other processes from changing the file until the handle is closed.
file_handle profile_store::hold(const file_handle& folder) {
  while (lockable_) {
    auto file = options_.ops->open_shared(folder.get(), lock_name_);
    try {
      storage::wait_for_lock(*options_.ops, {file, lock_name_}, "the model profiles",
                             options_.patience);
    } catch (const io_failure& problem) {
      if (!storage::means_no_locks(problem.code))
        throw;
      lockable_ = false;
      problems_.push_back(name_ + " can be used by one process only: " + problem.text);
      break;
    }
    // A lock on a file that somebody has removed is a lock for nobody else.
    if (storage::file_ops::has_name(file))
      return file;
  }
  return {};
}

/// What a process left that died over a change.
void profile_store::remove_leftover(const file_handle& folder) {
  const auto temporary = storage::temporary_for(name_);
  try {
    if (!options_.ops->exists(folder.get(), temporary))
      return;
    const auto held = hold(folder); // it may be the file of somebody who lives
    remove_temporary(folder);
  } catch (const io_failure& problem) {
    problems_.push_back(temporary + " stays: " + problem.text);
  }
}

void profile_store::remove_temporary(const file_handle& folder) {
  const auto temporary = storage::temporary_for(name_);
  if (options_.ops->exists(folder.get(), temporary))
    options_.ops->remove_file(folder.get(), temporary);
}

/// The file takes another name, which no earlier one has.
std::string profile_store::move_aside(const file_handle& folder, const std::string& name) {
  const auto stem = name_ + ".damaged-" + compact_stamp(options_.now());
  for (int number = 1;; ++number) {
    auto target = number == 1 ? stem : stem + '-' + std::to_string(number);
    try {
      options_.ops->move(folder.get(), name, folder.get(), target);
      return target;
    } catch (const io_failure& problem) {
      if (problem.code != EEXIST || number == max_namesakes)
        throw;
    }
  }
}

void profile_store::set_aside(const file_handle& folder, const std::string& why) {
  const auto target = move_aside(folder, name_);
  problems_.push_back(
      name_ + " is damaged: " + why + ". It is now called " + target +
      (profiles_->empty() ? "; there are no profiles" : "; the profiles in force stay in force"));
  options_.ops->sync(folder, target);
}

/// A copy, not the file itself: until the new one is there, a crash must find the old one.
void profile_store::keep_copy(const file_handle& folder) {
  file_handle now;
  const auto text = read_text(folder, now);
  if (!text)
    return;
  const auto temporary = storage::temporary_for(name_);
  remove_temporary(folder);
  try {
    const auto file = options_.ops->create_file(folder.get(), temporary);
    options_.ops->write(file, temporary, *text);
    options_.ops->sync(file, temporary);
    const auto target = move_aside(folder, temporary);
    problems_.push_back(name_ + " as it was is kept as " + target);
    options_.ops->sync(folder, target);
  } catch (const io_failure&) {
    try {
      remove_temporary(folder); // half a copy on a full disk is of no use
    } catch (const io_failure& problem) {
      problems_.push_back(temporary + " stays: " + problem.text);
    }
    throw;
  }
}

profile_map profile_store::changed(const put_profile& change) const {
  auto result = *profiles_;
  auto& profile = result[change.model];
  if (change.replace)
    profile.values.clear();
  for (const auto& name : change.unset)
    profile.values.erase(name);
  for (const auto& [name, value] : change.set)
    profile.values[name] = value;
  profile.updated_at.clear();
  telemetry::append_timestamp(profile.updated_at, options_.now());
  if (profile.values.empty())
    result.erase(change.model);
  return result;
}

void profile_store::try_save(const file_handle& folder, const profile_map& profiles) {
  const auto text = write_profiles(profiles);
  if (text.empty())
    throw io_failure{EBADMSG, "a text in the profile is not UTF-8"};
  if (text.size() > max_profile_file_bytes)
    throw io_failure{EFBIG, "the profiles would take more than " +
                                std::to_string(max_profile_file_bytes) + " bytes"};
  if (copy_first_)
    keep_copy(folder);
  copy_first_ = false;
  file_ = storage::write_durably(*options_.ops, folder, name_, text);
}

storage_problem profile_store::put(const put_profile& change) {
  return guarded([&] {
    // Looked for each time: a volume may have been mounted, or made anew, since.
    storage::make_folder(folder_, folder_words);
    const auto folder = storage::open_folder(folder_, folder_words);
    const auto held = hold(folder);
    take_in(folder);
    auto next = std::make_shared<const profile_map>(changed(change));
    if (next->size() > max_profiles)
      throw io_failure{EFBIG, "there are " + std::to_string(max_profiles) + " profiles already"};
    try_save(folder, *next);
    profiles_ = std::move(next);
  });
}

} // namespace synapse::models
