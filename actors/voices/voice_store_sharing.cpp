#include "actors/voices/voice_store.hpp"
#include "actors/voices/voice_store_names.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <utility>

namespace synapse::voices {

namespace {

using access = library_lock::access;

/// Where a file of notes begins: not where an earlier one was, which somebody may remember.
std::uint64_t first_generation() {
  return 2 * make_owner();
}

} // namespace

std::uint64_t make_owner() {
  for (;;) {
    const auto token = make_token().substr(0, owner_digits);
    if (const auto owner = read_owner(token))
      return *owner;
  }
}

voice_store::marked_change::marked_change(voice_store& store, std::string_view voice)
    : store_(store) {
  store_.lock_.begin_change(store_.known_, voice);
}

voice_store::marked_change::~marked_change() {
  // If it cannot be said, whoever comes next believes that this process has died, and looks.
  if (store_.lock_.end_change(store_.known_ + 2))
    store_.known_ += 2;
}

void voice_store::look() {
  if (lock_.how() == access::alone)
    return;
  const auto now = lock_.generation(root_);
  if (now == known_)
    return;
  if (is_under_way(now) && now - 1 == known_) {
    // What is being done has not been acknowledged: the answer may be that of before. Only when
    // nobody is doing it any more, it has to be put right.
    if (const auto held = lock_.try_hold())
      catch_up(false);
    return;
  }
  const auto held = lock_.hold(root_, false);
  catch_up(false);
}

storage::held_lock voice_store::hold_to_change() {
  auto held = lock_.hold(root_, true);
  catch_up(true);
  return held;
}

void voice_store::catch_up(bool to_change) {
  if (lock_.how() == access::alone) {
    if (std::exchange(known_, 0) == nothing)
      recover();
    return;
  }
  auto notes = lock_.read();
  const auto found = notes.generation;
  take_in(notes);
  if (lock_.how() != access::full)
    return;
  try {
    while (!lock_.enrol(owner_))
      owner_ = make_owner();
    if (tidy_owners(notes) || notes.generation != found)
      lock_.write(notes);
    known_ = notes.generation;
  } catch (const io_failure&) {
    // To read, it is enough to have read.
    if (to_change)
      throw;
  }
}

void voice_store::take_in(library_notes& notes) {
  const auto found = notes.generation;
  const bool finished = notes.is_valid() && !is_under_way(found);
  if (finished && found == known_)
    return;
  const auto had = std::exchange(known_, nothing); // should this fail half-way
  if (!(finished && had != nothing && take_in_changes(notes, had))) {
    // What this process could not take back others have seen since, unless the last who changed
    // something was this process.
    if (had == nothing || found != had + 1)
      unfinished_.clear();
    recover();
    if (!notes.is_valid())
      notes = {.form = library_notes::right_form, .generation = first_generation()};
    else if (is_under_way(found))
      ++notes.generation;
  }
  known_ = found;
}

bool voice_store::take_in_changes(library_notes& notes, std::uint64_t had) {
  std::set<std::string> voices;
  had -= had % 2;
  if (notes.generation < had || (notes.generation - had) / 2 > notes.changes.size())
    return false;
  for (auto generation = had + 2; generation <= notes.generation; generation += 2) {
    const auto& change = notes.change_to(generation);
    const std::string voice{change.voice.data(),
                            ::strnlen(change.voice.data(), change.voice.size())};
    if (change.generation != generation || !is_voice_id(voice))
      return false;
    voices.insert(voice);
  }
  for (const auto& id : voices) {
    changed_.push_back(id);
    unfinished_.erase(id);
    forget(id);
    if (options_.ops->exists(root_.get(), id))
      recover_voice(id);
  }
  return true;
}

/// Puts this process into the list of those that live, and removes what the dead have left.
/// @returns whether the list has changed.
bool voice_store::tidy_owners(library_notes& notes) {
  bool here = false, death = false;
  for (auto& owner : notes.owners)
    if (owner == owner_)
      here = true;
    else if (owner != 0 && !lock_.is_alive(owner)) {
      owner = 0;
      death = true;
    }
  if (death)
    for (const auto& entry : options_.ops->list(root_, library_words))
      if (is_leftover(entry.name))
        remove_leftover(entry);
  // With more processes than places, what one of them leaves stays until the next `open`.
  const auto place = std::find(notes.owners.begin(), notes.owners.end(), 0U);
  if (here || place == notes.owners.end())
    return death;
  *place = owner_;
  return true;
}

} // namespace synapse::voices
