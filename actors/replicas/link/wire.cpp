#include "actors/replicas/link/wire.hpp"

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

std::optional<std::vector<backend_note>> read_notes(caf::actor_system& system,
                                                    const std::string& body) {
  std::vector<backend_note> notes;
  if (!decode(system, body, notes) || notes.size() > max_notes)
    return std::nullopt;
  for (backend_note& note : notes) {
    if (note.state > circuit::open)
      return std::nullopt;
    note.backend = clean_text(note.backend, 64);
    note.detail = clean_text(note.detail, 512);
  }
  return notes;
}

} // namespace synapse::actors::cluster
