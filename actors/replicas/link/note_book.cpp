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

note_list_ptr note_book::own(const backend_note& note) {
  return put(own_, note) ? std::make_shared<std::vector<backend_note>>(1, note) : nullptr;
}

note_list_ptr note_book::own() const {
  auto all = std::make_shared<std::vector<backend_note>>();
  for (const auto& [backend, note] : own_)
    all->push_back(note);
  return all;
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
