#include "actors/storage/folder.hpp"
#include "actors/voices/voice_folder.hpp"
#include "actors/voices/voice_store.hpp"
#include "actors/voices/voice_store_names.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/file.h>
#include <utility>

namespace synapse::voices {

namespace {

/// Of this process or machine, not of the voice.
bool is_shortage(int code) noexcept {
  return code == EMFILE || code == ENFILE || code == ENOMEM;
}

} // namespace

void voice_store::open_root() {
  storage::make_folder(directory_, library_words);
  root_ = storage::open_folder(directory_, library_words);
  // Versions that did not share wanted this lock for themselves, for life, and took the uploads of
  // others for leftovers. Where there are no such locks, they went without it.
  if (::flock(root_.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw io_failure{EWOULDBLOCK,
                     "another process, of a version that does not share, uses the voice library"};
}

void voice_store::recover() {
  const auto entries = options_.ops->list(root_, library_words);
  order_.clear();
  by_name_.clear();
  const auto before = std::exchange(voices_, {});
  for (const auto& entry : entries)
    if (is_leftover(entry.name))
      remove_leftover(entry);
    else if (entry.kind == file_kind::directory && is_voice_id(entry.name))
      recover_voice(entry.name);
  for (const auto& [id, was] : before)
    if (const auto* now = find(id); now == nullptr || *now != was)
      changed_.push_back(id);
}

bool voice_store::is_leftover(std::string_view name) {
  if (!is_passing(name) || lock_.how() == library_lock::access::reading)
    return false;
  const auto owner = owner_of(name);
  return !owner || (*owner != owner_ && !lock_.is_alive(*owner));
}

void voice_store::remove_leftover(const storage::directory_entry& entry) {
  try {
    if (entry.kind == file_kind::directory)
      remove_tree(*options_.ops, root_.get(), entry.name);
    else
      options_.ops->remove_file(root_.get(), entry.name);
  } catch (const io_failure& problem) {
    note(entry.name + " stays: " + problem.text);
  }
}

void voice_store::recover_voice(const std::string& id) {
  try {
    const auto folder = options_.ops->open_directory(root_.get(), id);
    std::string unrecovered;
    try {
      if (lock_.how() != library_lock::access::reading) {
        finish_undo(id, folder);
        recover_folder(*options_.ops, folder);
      }
    } catch (const io_failure& problem) {
      unrecovered = problem.text; // it may be readable all the same
    }
    keep(read_voice(*options_.ops, folder, id));
    if (!unrecovered.empty())
      note("voice " + id + " is not as it should be: " + unrecovered);
  } catch (const io_failure& problem) {
    if (is_shortage(problem.code))
      throw;
    note("voice " + id + " is left out: " + problem.text);
  }
}

void voice_store::note(std::string problem) {
  if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end())
    problems_.push_back(std::move(problem));
}

} // namespace synapse::voices
