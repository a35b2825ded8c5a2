#include "actors/replicas/link/link.hpp"

#include "actors/replicas/link/line_queue.hpp"
#include "actors/replicas/link/session_keys.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <random>

namespace synapse::actors::cluster {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Packets with content that are not acknowledged. A replica that is frozen costs so many and its
/// queue.
constexpr std::size_t window = 4;

class link_impl : public link_actor::base {
public:
  link_impl(caf::actor_config& config, link_parts parts)
      : link_actor::base(config), parts_(std::move(parts)), lines_(parts_.settings.queue),
        random_(static_cast<std::minstd_rand::result_type>(random_number())) {
    status_.address = parts_.address.to_string();
    set_down_handler([this](caf::down_msg& down) {
      if (peer_ && peer_->address() == down.source)
        lose("connection lost");
    });
  }

  const char* name() const override { return "cluster_link"; }

  link_actor::behavior_type make_behavior() override {
    delayed_send(this, parts_.settings.heartbeat, tick_atom::value);
    dial();
    return {[this](const arrival_ptr& what) { on_arrival(*what); },
            [this](const feed_batch_ptr& lines) { on_lines(*lines); },
            [this](const finding_list_ptr& notes) { on_notes(*notes); },
            [this](tick_atom) { on_beat(); },
            [this](tick_atom, std::uint64_t attempt) {
              if (phase_ == phase::pausing && attempt == attempt_)
                dial();
            }};
  }

  void on_exit() override {
    if (phase_ == phase::up)
      send_sealed(packet_kind::bye, {});
    end_session();
    parts_.door = nullptr;
    parts_.means = {};
    parts_.told = nullptr;
  }

private:
  enum class phase { pausing, dialling, greeting, proving, up };
  struct sent_packet {
    std::uint64_t number;
    std::size_t lines;  ///< 0: notes
    finding_list notes; ///< what the notes were
    steady_clock::time_point at;
  };

  // ---- reaching the other side ----

  void dial() {
    phase_ = phase::dialling;
    const std::uint64_t attempt = ++attempt_;
    const dial_limits limits{parts_.settings.timeout, std::min(parts_.settings.greeting_timeout,
                                                               4 * parts_.settings.timeout)};
    cluster::dial(this, parts_.address, parts_.means, limits, [this, attempt](dial_result found) {
      if (attempt == attempt_ && phase_ == phase::dialling)
        on_dialled(std::move(found));
    });
  }

  void on_dialled(dial_result found) {
    status_.ended = found.nobody;
    if (!found.peer)
      return found.refused ? refuse(found.problem) : fail(found.problem);
    if (found.peer->node() == system().node()) {
      if (found.local) {
        status_.self = true;
        parts_.told(status_);
        quit();
        return;
      }
      // CAF makes the name of a node of MAC addresses and the process id.
      return refuse("is taken for this process by CAF: same MAC addresses and process id");
    }
    peer_ = std::move(found.peer);
    monitor(peer_);
    session_ = random_number();
    theirs_ = 0;
    enroll_order enroll{session_, caf::actor_cast<link_actor>(this)};
    tell(parts_.door, std::move(enroll));
    introduction own = parts_.self;
    own.nonce = random_bytes(32);
    hello_ = peer_packet{};
    hello_.kind = static_cast<std::uint8_t>(packet_kind::hello);
    hello_.from = session_;
    hello_.body = encode(system(), own);
    transmit(hello_);
    phase_ = phase::greeting;
    deadline_ = steady_clock::now() + parts_.settings.timeout;
  }

  void on_arrival(const arrival& what) {
    const peer_packet& packet = what.packet;
    if (!peer_ || what.sender != peer_->address() || packet.to != session_)
      return;
    if (packet.what() == packet_kind::refusal && phase_ != phase::up)
      return on_refusal(packet);
    if (phase_ == phase::greeting && packet.what() == packet_kind::offer)
      return on_offer(packet);
    if (phase_ != phase::proving && phase_ != phase::up)
      return;
    if (packet.from != theirs_ || !keys_.open(packet)) {
      if (phase_ == phase::proving)
        refuse("has another secret");
      return;
    }
    status_.last_seen = steady_clock::now();
    if (phase_ == phase::proving && packet.what() == packet_kind::welcome)
      on_welcome(packet);
    else if (phase_ == phase::up && packet.what() == packet_kind::pong)
      on_pong(packet);
    else if (phase_ == phase::up && packet.what() == packet_kind::ack)
      on_ack(packet);
  }

  void on_offer(const peer_packet& packet) {
    const auto who = read_introduction(system(), packet.body);
    if (!who || packet.from == 0)
      return;
    if (who->protocol != parts_.self.protocol)
      return refuse(other_protocol(who->protocol, who->version, parts_.self.protocol));
    theirs_ = packet.from;
    greeted_ = *who;
    keys_ = session_keys{*parts_.means.secret, session_role::dialling, hello_, packet};
    phase_ = phase::proving;
    send_sealed(packet_kind::proof, {});
  }

  void on_refusal(const peer_packet& packet) {
    refusal why;
    if (packet.body.size() > max_greeting_bytes || !decode(system(), packet.body, why))
      return;
    switch (why.reason) {
    case refusal_reason::protocol:
      return refuse(other_protocol(why.protocol, why.version, parts_.self.protocol));
    case refusal_reason::secret:
      return refuse("has another secret");
    case refusal_reason::full:
      return refuse("has as many members as it takes");
    }
  }

  void on_welcome(const peer_packet& packet) {
    std::uint64_t last = 0;
    if (!decode(system(), packet.body, last))
      return;
    phase_ = phase::up;
    pause_ = milliseconds{0};
    lines_.forget(parts_.self.origin, last);
    status_.ended = false;
    status_.origin = greeted_.origin;
    status_.instance = greeted_.instance;
    status_.version = greeted_.version;
    was_up_ = true;
    become_state(member_state::up, {});
    ping();
    pump();
  }

  // ---- while it is up ----

  void on_beat() {
    delayed_send(this, parts_.settings.heartbeat, tick_atom::value);
    const auto now = steady_clock::now();
    if (phase_ == phase::greeting || phase_ == phase::proving) {
      if (now > deadline_)
        fail("does not answer");
    } else if (phase_ == phase::up) {
      if (now - status_.last_seen > parts_.settings.timeout)
        lose("does not answer");
      else if (!unacknowledged_.empty() &&
               now - unacknowledged_.front().at > 2 * parts_.settings.timeout)
        lose("does not take what it is sent"); // it was dropped on its way: begin anew
      else
        ping();
    }
  }

  void ping() {
    const std::int64_t now = steady_clock::now().time_since_epoch().count();
    send_sealed(packet_kind::ping, encode(system(), now));
  }

  void on_pong(const peer_packet& packet) {
    std::int64_t then = 0;
    if (!decode(system(), packet.body, then))
      return;
    const steady_clock::duration took =
        steady_clock::now().time_since_epoch() - steady_clock::duration{then};
    status_.round_trip_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    parts_.told(status_);
  }

  void on_ack(const peer_packet& packet) {
    std::uint64_t number = 0;
    if (!decode(system(), packet.body, number))
      return;
    while (!unacknowledged_.empty() && unacknowledged_.front().number <= number) {
      if (unacknowledged_.front().lines > 0) {
        lines_.acknowledge();
        parts_.lines_sent(unacknowledged_.front().lines);
      }
      unacknowledged_.pop_front();
    }
    pump();
  }

  void on_lines(const std::vector<feed_event>& lines) {
    const std::size_t dropped = lines_.add(lines);
    // Who was never reached misses nothing.
    if (dropped > 0 && was_up_)
      parts_.lines_dropped(dropped);
    pump();
  }

  void on_notes(const finding_list& notes) {
    for (const backend_note& note : notes.backends)
      notes_[note.backend] = note;
    for (const cell_note& note : notes.cells)
      if (cells_.size() < max_cells || cells_.contains(note.cell))
        cells_[note.cell] = note;
    for (const gpu_note& note : notes.cards)
      cards_[note.card] = note;
    pump();
  }

  /// The next packet's; those that are left out are in the one behind it.
  finding_list take_notes() {
    finding_list result;
    for (auto& [backend, note] : std::exchange(notes_, {}))
      result.backends.push_back(std::move(note));
    for (auto& [card, note] : std::exchange(cards_, {}))
      result.cards.push_back(std::move(note));
    while (!cells_.empty() && result.cells.size() < max_batch_cells)
      result.cells.push_back(std::move(cells_.extract(cells_.begin()).mapped()));
    return result;
  }

  void pump() {
    while (phase_ == phase::up && unacknowledged_.size() < window) {
      sent_packet sent{0, 0, {}, steady_clock::now()};
      if (!notes_.empty() || !cells_.empty() || !cards_.empty()) {
        sent.notes = take_notes();
        sent.number =
            send_sealed(packet_kind::notes, write_notes(system(), sent.notes, steady_ns(sent.at)));
      } else if (const auto batch = lines_.next(max_batch_lines, max_batch_bytes); !batch.empty()) {
        sent.lines = batch.size();
        sent.number = send_sealed(packet_kind::lines, encode(system(), batch));
      } else {
        return;
      }
      unacknowledged_.push_back(std::move(sent));
    }
  }

  // ---- and when it is not ----

  /// The other side was up.
  void lose(const std::string& why) {
    const bool was_up = phase_ == phase::up;
    if (!was_up)
      return fail(why);
    end_session();
    become_state(member_state::down, why);
    dial_later();
  }

  /// An attempt did not lead there.
  void fail(const std::string& why) {
    end_session();
    become_state(was_up_ ? member_state::down : member_state::connecting, why);
    dial_later();
  }

  /// It does lead there, but no further.
  void refuse(const std::string& why) {
    end_session();
    become_state(member_state::refused, why);
    pause_ = parts_.settings.redial.max;
    dial_later();
  }

  void end_session() {
    if (session_ != 0 && parts_.door)
      tell(parts_.door, dismiss_order{session_});
    session_ = 0;
    if (peer_)
      demonitor(peer_->address());
    peer_ = nullptr;
    phase_ = phase::pausing;
    status_.round_trip_us = -1;
    lines_.rewind();
    // The latest word of two counts.
    for (auto sent = unacknowledged_.rbegin(); sent != unacknowledged_.rend(); ++sent) {
      for (backend_note& note : sent->notes.backends)
        notes_.try_emplace(note.backend, note);
      for (cell_note& note : sent->notes.cells)
        cells_.try_emplace(note.cell, note);
      for (gpu_note& note : sent->notes.cards)
        cards_.try_emplace(note.card, note);
    }
    unacknowledged_.clear();
  }

  void dial_later() {
    const auto& redial = parts_.settings.redial;
    pause_ = std::clamp(2 * pause_, redial.min, redial.max);
    // Replicas that lost each other at the same moment do not come back at the same one.
    const double part = std::uniform_real_distribution<double>{0.5, 1}(random_);
    const milliseconds wait{
        std::max<std::int64_t>(1, static_cast<std::int64_t>(pause_.count() * part))};
    delayed_send(this, wait, tick_atom::value, attempt_);
  }

  void become_state(member_state state, const std::string& why) {
    if (status_.state == state && status_.reason == why)
      return;
    status_.state = state;
    status_.reason = why;
    parts_.told(status_);
  }

  void transmit(peer_packet packet) { tell(parts_.door, transmit_order{peer_, std::move(packet)}); }

  /// @returns the packet's number.
  std::uint64_t send_sealed(packet_kind kind, std::string body) {
    peer_packet packet;
    packet.kind = static_cast<std::uint8_t>(kind);
    packet.to = theirs_;
    packet.from = session_;
    packet.body = std::move(body);
    keys_.seal(packet);
    const std::uint64_t number = packet.number;
    transmit(std::move(packet));
    return number;
  }

  link_parts parts_;
  link_status status_;
  line_queue lines_;
  std::map<std::string, backend_note> notes_; ///< to be sent, by backend
  std::map<std::uint64_t, cell_note> cells_;  ///< likewise, by cell
  std::map<std::string, gpu_note> cards_;     ///< likewise, by card
  std::deque<sent_packet> unacknowledged_;
  std::minstd_rand random_;
  phase phase_ = phase::pausing;
  bool was_up_ = false;
  std::uint64_t attempt_ = 0;
  milliseconds pause_{0};
  steady_clock::time_point deadline_;
  // Of the session:
  caf::strong_actor_ptr peer_;
  std::uint64_t session_ = 0;
  std::uint64_t theirs_ = 0;
  peer_packet hello_;
  introduction greeted_;
  session_keys keys_;
};

} // namespace

link_actor spawn_link(caf::actor_system& system, link_parts parts) {
  return system.spawn<link_impl>(std::move(parts));
}

} // namespace synapse::actors::cluster
