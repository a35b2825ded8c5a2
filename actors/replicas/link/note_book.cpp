#include "actors/replicas/link/note_book.hpp"

namespace synapse::actors::cluster {

namespace {

peer_note from(const std::string& instance, const backend_note& note) {
  peer_note result;
  result.instance = instance;
  result.note = note;
  return result;
}

/// @returns whether there was room for it.
bool put(std::map<std::string, backend_note>& into, const backend_note& note) {
  if (into.size() >= max_notes && !into.contains(note.backend))
    return false;
  into[note.backend] = note;
  return true;
}

} // namespace

finding_list_ptr note_book::own(const backend_note& note) {
  if (!put(own_, note))
    return nullptr;
  auto one = std::make_shared<finding_list>();
  one->backends.push_back(note);
  return one;
}

finding_list_ptr note_book::own(const cell_note& note) {
  if (note.state != circuit::open)
    own_cells_.erase(note.cell);
  else if (own_cells_.size() >= max_cells && !own_cells_.contains(note.cell))
    return nullptr;
  else
    own_cells_[note.cell] = note;
  auto one = std::make_shared<finding_list>();
  one->cells.push_back(note);
  return one;
}

finding_list_ptr note_book::own(const gpu_note& note) {
  if (own_cards_.size() >= max_cards && !own_cards_.contains(note.card))
    return nullptr;
  own_cards_[note.card] = note;
  auto one = std::make_shared<finding_list>();
  one->cards.push_back(note);
  return one;
}

finding_list_ptr note_book::own(time_ns now) const {
  auto all = std::make_shared<finding_list>();
  all->backends = own_backends();
  for (const auto& [cell, note] : own_cells_)
    if (note.until > now)
      all->cells.push_back(note);
  for (const auto& [card, note] : own_cards_)
    all->cards.push_back(note);
  return all;
}

std::vector<backend_note> note_book::own_backends() const {
  std::vector<backend_note> all;
  for (const auto& [backend, note] : own_)
    all.push_back(note);
  return all;
}

std::string note_book::name_of(std::uint64_t origin) const {
  const auto found = others_.find(origin);
  return found == others_.end() ? std::string{} : found->second.instance;
}

void note_book::joined(std::uint64_t origin, const std::string& instance) {
  others_[origin].instance = instance;
}

void note_book::said(std::uint64_t origin, const std::vector<backend_note>& notes,
                     const tell& listeners) {
  auto& replica = others_[origin];
  for (const backend_note& note : notes)
    if (put(replica.words, note))
      listeners(from(replica.instance, note));
}

void note_book::left(std::uint64_t origin, const tell& listeners) {
  const auto found = others_.find(origin);
  if (found == others_.end())
    return;
  for (const auto& [backend, note] : found->second.words) {
    backend_note nothing;
    nothing.backend = backend;
    listeners(from(found->second.instance, nothing));
  }
  others_.erase(found);
}

void note_book::tell_all(const tell& listener) const {
  for (const auto& [origin, replica] : others_)
    for (const auto& [backend, note] : replica.words)
      listener(from(replica.instance, note));
}

std::vector<backend_note> note_book::of(std::uint64_t origin) const {
  std::vector<backend_note> result;
  if (const auto found = others_.find(origin); found != others_.end())
    for (const auto& [backend, note] : found->second.words)
      result.push_back(note);
  return result;
}

} // namespace synapse::actors::cluster
