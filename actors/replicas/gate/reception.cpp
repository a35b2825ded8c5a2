#include "actors/replicas/gate/reception.hpp"

#include <algorithm>
#include <set>

namespace synapse::actors::cluster {

namespace {
/// Strangers whose greeting is under way at once. Who takes all places has to do so again and
/// again: each is free after `timeout`.
constexpr std::size_t max_strangers = 32;
/// Of one replica.
constexpr std::size_t max_sessions = 4;
} // namespace

reception::reception(caf::actor_system& system, door_parts parts, answer send)
    : system_(system), parts_(std::move(parts)), send_(std::move(send)) {}

void reception::on_packet(const caf::strong_actor_ptr& sender, const peer_packet& packet,
                          time_point now) {
  now_ = now;
  if (packet.what() == packet_kind::hello && packet.to == 0)
    return on_hello(sender, packet, now);
  const auto found = guests_.find(packet.to);
  // From the very actor that said hello, in its session, and sealed: anything else was forged.
  if (found == guests_.end() || found->second.peer != sender || found->second.theirs != packet.from)
    return;
  guest& who = found->second;
  if (!who.trusted && packet.what() != packet_kind::proof)
    return;
  if (!who.keys.open(packet)) {
    if (!who.trusted) {
      refuse(sender, packet.from, refusal_reason::secret);
      parts_.events.refused(who.who.instance + " (" + who.who.address + ") has another secret");
      guests_.erase(found);
    }
    return;
  }
  who.last_seen = now;
  if (!who.trusted)
    on_proof(found, now);
  else if (packet.what() == packet_kind::bye)
    remove(found, true);
  else
    on_sealed(who, packet);
}

void reception::on_hello(const caf::strong_actor_ptr& sender, const peer_packet& packet,
                         time_point now) {
  auto who = read_introduction(system_, packet.body);
  if (!who || packet.from == 0)
    return;
  if (who->protocol != parts_.self.protocol) {
    refuse(sender, packet.from, refusal_reason::protocol);
    parts_.events.refused(who->instance + " " +
                          other_protocol(who->protocol, who->version, parts_.self.protocol));
    return;
  }
  if (strangers() >= max_strangers)
    return;
  introduction own = parts_.self;
  own.nonce = random_bytes(32);
  peer_packet offer;
  offer.kind = static_cast<std::uint8_t>(packet_kind::offer);
  offer.to = packet.from;
  offer.from = random_number();
  offer.body = encode(system_, own);
  guest fresh;
  fresh.peer = sender;
  fresh.theirs = packet.from;
  fresh.who = std::move(*who);
  fresh.keys = session_keys{*parts_.secret, session_role::answering, packet, offer};
  fresh.last_seen = now;
  guests_.emplace(offer.from, std::move(fresh));
  send_(sender, std::move(offer));
}

void reception::on_proof(guests::iterator found, time_point now) {
  guest& who = found->second;
  const std::uint64_t origin = who.who.origin;
  if (sessions_of(origin) == 0 && origins() >= parts_.max_guests) {
    refuse(who.peer, who.theirs, refusal_reason::full);
    parts_.events.refused(who.who.instance + ": there are as many replicas as max_members allows");
    guests_.erase(found);
    return;
  }
  // An earlier session may have been given up by the other side, or be another way here that it is
  // about to choose from: it ends by itself.
  if (sessions_of(origin) >= max_sessions)
    forget_oldest(origin);
  who.trusted = true;
  send_sealed(who, found->first, packet_kind::welcome,
              encode(system_, memory_of(origin, now).last_line));
  parts_.events.joined(who.who, who.peer->node());
}

void reception::on_sealed(guest& who, const peer_packet& packet) {
  switch (packet.what()) {
  case packet_kind::ping:
    send_sealed(who, packet.to, packet_kind::pong, packet.body);
    return;
  case packet_kind::lines: {
    auto& last = memory_of(who.who.origin, now_).last_line;
    if (auto lines = read_lines(system_, packet.body, who.who.origin, last);
        lines && !lines->empty())
      parts_.events.lines(std::move(*lines));
    break;
  }
  case packet_kind::notes:
    if (auto notes = read_notes(system_, packet.body, steady_ns(now_)))
      parts_.events.notes(who.who.origin, std::move(*notes));
    break;
  default:
    return;
  }
  send_sealed(who, packet.to, packet_kind::ack, encode(system_, packet.number));
}

void reception::on_time(time_point now) {
  for (auto i = guests_.begin(); i != guests_.end();) {
    const auto next = std::next(i);
    if (now - i->second.last_seen > parts_.timeout)
      remove(i, false);
    i = next;
  }
}

void reception::clear() {
  guests_.clear();
  parts_.events = {};
}

void reception::remove(guests::iterator who, bool good_bye) {
  const bool was_trusted = who->second.trusted;
  const std::uint64_t origin = who->second.who.origin;
  guests_.erase(who);
  if (was_trusted && sessions_of(origin) == 0)
    parts_.events.left(origin, good_bye);
}

void reception::refuse(const caf::strong_actor_ptr& to, std::uint64_t their_session,
                       refusal_reason reason) {
  refusal why;
  why.protocol = parts_.self.protocol;
  why.version = parts_.self.version;
  why.reason = reason;
  peer_packet packet;
  packet.kind = static_cast<std::uint8_t>(packet_kind::refusal);
  packet.to = their_session;
  packet.body = encode(system_, why);
  send_(to, std::move(packet));
}

void reception::send_sealed(guest& to, std::uint64_t session, packet_kind kind, std::string body) {
  peer_packet packet;
  packet.kind = static_cast<std::uint8_t>(kind);
  packet.to = to.theirs;
  packet.from = session;
  packet.body = std::move(body);
  to.keys.seal(packet);
  send_(to.peer, std::move(packet));
}

std::size_t reception::strangers() const {
  return static_cast<std::size_t>(std::count_if(
      guests_.begin(), guests_.end(), [](const auto& entry) { return !entry.second.trusted; }));
}

std::size_t reception::origins() const {
  std::set<std::uint64_t> all;
  for (const auto& [session, who] : guests_)
    if (who.trusted)
      all.insert(who.who.origin);
  return all.size();
}

std::size_t reception::sessions_of(std::uint64_t origin) const {
  return static_cast<std::size_t>(
      std::count_if(guests_.begin(), guests_.end(), [&](const auto& entry) {
        return entry.second.trusted && entry.second.who.origin == origin;
      }));
}

void reception::forget_oldest(std::uint64_t origin) {
  auto oldest = guests_.end();
  for (auto i = guests_.begin(); i != guests_.end(); ++i)
    if (i->second.trusted && i->second.who.origin == origin &&
        (oldest == guests_.end() || i->second.last_seen < oldest->second.last_seen))
      oldest = i;
  if (oldest != guests_.end())
    guests_.erase(oldest);
}

reception::memory& reception::memory_of(std::uint64_t origin, time_point now) {
  memory& found = memories_[origin];
  found.used = now;
  // Each restart is another origin: those that have been away longest are forgotten.
  if (memories_.size() > 4 * parts_.max_guests) {
    const auto oldest =
        std::min_element(memories_.begin(), memories_.end(), [](const auto& a, const auto& b) {
          return a.second.used < b.second.used;
        });
    if (oldest->first != origin)
      memories_.erase(oldest);
  }
  return found;
}

} // namespace synapse::actors::cluster
