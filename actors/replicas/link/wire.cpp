#include "actors/replicas/link/wire.hpp"

#include "routing/failure/verdict_words.hpp"

#include <algorithm>

namespace synapse::actors::cluster {

std::string packet_type_name() {
  return "synapse.peer_packet";
}

std::string clean_text(const std::string& text, std::size_t most) {
  std::string result = text.substr(0, most);
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return result;
}

std::string other_protocol(std::uint16_t protocol, const std::string& version, std::uint16_t own) {
  return "speaks protocol " + std::to_string(protocol) + " (gateway " + clean_text(version, 64) +
         "), this one " + std::to_string(own);
}

std::optional<introduction> read_introduction(caf::actor_system& system, const std::string& body) {
  introduction result;
  if (body.size() > max_greeting_bytes || !decode(system, body, result.protocol, result.version))
    return std::nullopt;
  // The rest may have another form there.
  if (!decode(system, body, result))
    result = introduction{};
  if (!decode(system, body, result.protocol, result.version))
    return std::nullopt;
  result.version = clean_text(result.version, 64);
  result.instance = clean_text(result.instance, 128);
  result.address = clean_text(result.address, 300);
  return result;
}

std::optional<std::vector<feed_event>> read_lines(caf::actor_system& system,
                                                  const std::string& body, std::uint64_t origin,
                                                  std::uint64_t& last) {
  std::vector<feed_event> lines;
  if (!decode(system, body, lines))
    return std::nullopt;
  // Nobody speaks for another replica, and what was taken before is not taken again.
  std::erase_if(lines, [&](const feed_event& line) {
    if (line.origin != origin || line.number <= last)
      return true;
    last = line.number;
    return false;
  });
  return lines;
}

namespace {

/// Longest time that a finding may say.
constexpr time_ns longest_time = 86'400'000'000'000;

/// How long ago and for how long instead of when: clocks of two machines have nothing in common.
void make_relative(cell_note& note, time_ns now) {
  note.found = now - note.found;
  note.until = note.state == circuit::open ? note.until - now : 0;
}

/// @returns whether it makes sense.
bool make_absolute(cell_note& note, time_ns now) {
  if (note.state > circuit::open)
    return false;
  note.backend = clean_text(note.backend, 64);
  if (note.why >= routing::trouble_count)
    note.why = 0; // of a newer gateway
  note.found = now - std::clamp<time_ns>(note.found, 0, longest_time);
  note.until =
      note.state == circuit::open ? now + std::clamp<time_ns>(note.until, 0, longest_time) : 0;
  return true;
}

void make_relative(gpu_note& note, time_ns now) {
  for (auto& word : note.members) {
    word.retry_at = word.retry_at > now ? word.retry_at - now : 0;
    word.used = word.used == 0 ? 0 : std::max<time_ns>(now - word.used, 1);
  }
}

bool make_absolute(gpu_note& note, time_ns now) {
  if (note.members.size() > max_notes)
    return false;
  note.card = clean_text(note.card, 64);
  for (auto& word : note.members) {
    if (word.state > gpu_state::failed || word.why > gpu_denial::retired)
      return false;
    word.member = clean_text(word.member, 64);
    word.reason = clean_text(word.reason, 512);
    word.retry_at = word.retry_at <= 0 ? 0 : now + std::min<time_ns>(word.retry_at, longest_time);
    word.used = word.used <= 0 ? 0 : std::max<time_ns>(now - std::min(word.used, longest_time), 1);
  }
  return true;
}

} // namespace

std::string write_notes(caf::actor_system& system, const finding_list& notes, time_ns now) {
  auto cells = notes.cells;
  for (auto& one : cells)
    make_relative(one, now);
  auto cards = notes.cards;
  for (auto& one : cards)
    make_relative(one, now);
  return encode(system, notes.backends, cells, cards);
}

std::optional<finding_list> read_notes(caf::actor_system& system, const std::string& body,
                                       time_ns now) {
  finding_list notes;
  if (!decode(system, body, notes.backends, notes.cells, notes.cards)) {
    notes = {};
    if (!decode(system, body, notes.backends))
      return std::nullopt;
  }
  if (notes.backends.size() > max_notes || notes.cells.size() > max_batch_cells ||
      notes.cards.size() > max_cards)
    return std::nullopt;
  for (backend_note& note : notes.backends) {
    if (note.state > circuit::open)
      return std::nullopt;
    note.backend = clean_text(note.backend, 64);
    note.detail = clean_text(note.detail, 512);
  }
  for (cell_note& note : notes.cells)
    if (!make_absolute(note, now))
      return std::nullopt;
  for (gpu_note& note : notes.cards)
    if (!make_absolute(note, now))
      return std::nullopt;
  return notes;
}

} // namespace synapse::actors::cluster
