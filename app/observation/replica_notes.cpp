#include "app/observation/replica_notes.hpp"

#include <caf/send.hpp>

namespace synapse::app {

void replica_notes::tell(const actors::cluster_actor& cluster) {
  const std::lock_guard lock{mutex_};
  cluster_ = cluster;
  for (const auto& [name, note] : notes_)
    caf::anon_send(cluster_, note);
  for (const auto& [card, note] : cards_)
    caf::anon_send(cluster_, note);
}

void replica_notes::circuit_changed(const std::string& backend, actors::circuit to) {
  const std::lock_guard lock{mutex_};
  auto& note = notes_[backend];
  note.backend = backend;
  note.state = to;
  if (cluster_)
    caf::anon_send(cluster_, note);
}

void replica_notes::health_seen(const actors::health_report& round) {
  const std::lock_guard lock{mutex_};
  for (const auto& one : round.backends) {
    auto& note = notes_[one.backend];
    const bool healthy = one.is_well();
    const bool is_new = note.backend.empty();
    if (!is_new && note.healthy == healthy)
      continue;
    note.backend = one.backend;
    note.healthy = healthy;
    note.detail = healthy ? std::string{} : one.error;
    if (cluster_)
      caf::anon_send(cluster_, note);
  }
}

void replica_notes::cell_changed(const actors::cell_note& note) {
  const std::lock_guard lock{mutex_};
  if (cluster_)
    caf::anon_send(cluster_, note);
}

void replica_notes::card_told(const actors::gpu_note& note) {
  const std::lock_guard lock{mutex_};
  cards_[note.card] = note;
  if (cluster_)
    caf::anon_send(cluster_, note);
}

void replica_notes::end_cluster() {
  const std::lock_guard lock{mutex_};
  if (cluster_)
    caf::anon_send_exit(cluster_, caf::exit_reason::user_shutdown);
  cluster_ = nullptr;
}

} // namespace synapse::app
