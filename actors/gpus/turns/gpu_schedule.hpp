/// @file
/// Which backends of one graphics card are awake when; nothing that runs is cut off.
#pragma once

#include "actors/gpus/turns/card.hpp"
#include "actors/gpus/turns/member_slot.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::gpus {

/// The state machine; it has no clock, no actor and no socket. A lane is an I/O thread: requests
/// for an open member begin on their lane without asking, and the lanes tell when a closed one is
/// not used any more.
///
/// The rules:
///  - a request begins only when the member has said that it does not sleep;
///  - a member is put to sleep only when it is closed, no lane uses it and its own count of
///    requests is zero;
///  - one is woken when what is awake, what sleepers keep and the reserve leave room for it, once,
///    however many wait for it;
///  - to make room those go that were used longest ago. One that is used has its `batch_window`
///    while others wait, an idle one goes `linger` after its last request, neither before
///    `min_awake`; what never sleeps stays;
///  - who waits longest is next, and nobody waits longer than `max_wait`;
///  - one that did not wake is not told again before others have slept and a pause has passed;
///  - other processes know of a wake before the member is told, so that whoever leads next does not
///    tell it again;
///  - without the lead it only looks, and opens no member that the one that leads keeps closed.
class gpu_schedule {
public:
  gpu_schedule(std::size_t lanes, card_limits limits)
      : own_lanes_(lanes), lanes_(lanes), limits_(std::move(limits)) {}

  // ---- what happens; every call may leave actions behind ----

  void set_limits(card_limits limits, time_ns now);
  /// A new member, or other figures of a known one.
  void set_member(std::string_view member, const member_limits& limits, time_ns now);
  /// It may be another server now, e.g. at another address: what was known of it is forgotten.
  void forget(std::string_view member, time_ns now);
  void remove_member(std::string_view member, time_ns now);
  /// This process is the one that puts to sleep and wakes, or not any more. In the beginning it is
  /// not. @param led as of `follow`, where it is not
  void lead(bool leads, time_ns now, bool led = false);
  /// The requests of another process, which count as those of a lane do. @returns its number
  std::size_t add_lane(time_ns now);
  /// They are not to be waited for any more.
  void remove_lane(std::size_t lane, time_ns now);
  /// Without the lead: whether another process decides, or is about to, so that requests wait for
  /// what it does. @param contended it wants to know who uses what
  void follow(bool led, bool contended, time_ns now);
  /// What that one says of a member; nothing: it is not heard.
  void told(std::string_view member, std::optional<leader_word> word, time_ns now);
  /// Those who wait for it here are told that the one that decides has refused it.
  void refuse(std::string_view member, denial why, const std::string& detail, time_ns now);
  /// With the lead: what the one that led before has told is known. Sleepers are woken after the
  /// next looks instead of after `settle`.
  void know_what_was_told(time_ns now);
  /// With the lead: another process has told it to wake. It is waited for as if this one had.
  void woken_elsewhere(std::string_view member, time_ns now);
  /// A request wants a member. @returns the number by which it is spoken of from now on; a verdict
  /// may be among the actions already.
  ticket_id ask(std::string_view member, time_ns now);
  /// It is not wanted any more.
  void abandon(ticket_id ticket, time_ns now);
  /// How many requests of a lane use a member, and when one last did. Told while `contended`.
  void usage(std::size_t lane, std::string_view member, std::uint32_t in_use, time_ns last_used,
             time_ns now);
  /// The last request of a closing member has ended on that lane; of another process also: it knows
  /// that the member is about to be woken, see `to_confirm`.
  void drained(std::size_t lane, std::string_view member, std::uint32_t number, time_ns now);
  /// Answer to a look.
  void looked(std::string_view member, call_id call, sighting what, std::string detail,
              time_ns now);
  /// Answer to `measure`. @param requests nothing when the member does not tell.
  void measured(std::string_view member, call_id call, std::optional<std::uint64_t> requests,
                std::string detail, time_ns now);
  /// Answer to any other command.
  void answered(std::string_view member, call_id call, outcome how, std::string detail,
                time_ns now);
  /// Time has passed.
  void tick(time_ns now);

  // ---- what follows ----

  std::vector<action> take_actions() { return std::exchange(actions_, {}); }
  /// When `tick` is to be called at the latest; 0: never.
  time_ns due(time_ns now) const;

  // ---- what is ----

  /// By name.
  std::map<std::string, member_view, std::less<>> view() const;
  turn turn_of(std::string_view member) const;
  member_state state_of(std::string_view member) const;
  /// Others wait, or somebody wants to know: lanes tell how much each open member is used.
  bool contended() const noexcept;
  std::size_t waiting() const noexcept { return tickets_.size(); }
  bool leads() const noexcept { return leads_; }
  bool led() const noexcept { return led_; }
  /// The number that other processes are to answer with `drained`; 0: there is nothing to say.
  std::uint32_t to_confirm(std::string_view member) const;
  /// Who waits longest for it; 0: nobody does.
  ticket_id first_waiting(std::string_view member) const;
  /// No request of this process uses it, and none begins.
  bool at_rest(std::string_view member) const;
  /// Whether requests of this process use it; nothing: the lanes have not told.
  std::optional<bool> in_use(std::string_view member) const;
  /// When one last did, as far as is known; 0: never.
  time_ns used(std::string_view member) const;
  /// Bytes that are taken now, as far as is known.
  std::size_t taken() const noexcept;

private:
  using slots = std::map<std::string, member_slot, std::less<>>;
  using entry = slots::value_type;
  struct ticket {
    std::string member;
    time_ns since = 0;
  };

  // whose turn it is (gpu_schedule_turns.cpp)
  void step(time_ns now);
  void expire(time_ns now);
  void ask_members(time_ns now);
  void serve(entry& one, time_ns now);
  void advance_closed(entry& one, time_ns now);
  void rest(entry& one, time_ns now);
  void relieve(time_ns now);
  void give_turns(time_ns now);
  bool give_turn(entry& wanted, time_ns now);
  std::vector<entry*> wanted_in_order();
  const member_slot* first_in_line() const;
  time_ns wanted_since(const member_slot& of) const;
  time_ns may_close(const member_slot& of, time_ns since) const;
  std::vector<entry*> victims(const entry& wanted, time_ns now);
  bool all_told() const;
  bool must_stay_closed(const entry& one) const;

  // room (gpu_schedule_room.cpp)
  bool exclude(std::string_view one, std::string_view other) const;
  bool fits(const entry& wanted, bool when_all_has_ended) const;
  bool possible(const entry& wanted) const;
  bool crowded(const entry* opened) const;
  bool in_conflict(const entry& one) const;
  bool barred(const entry& wanted) const;

  // whose requests count
  bool has_lane(std::size_t lane) const noexcept {
    return lane < lanes_ && (lane >= gone_.size() || !gone_[lane]);
  }
  std::vector<bool> all_undrained() const;
  std::vector<std::uint32_t> nothing_told() const;

  // changing one member (gpu_schedule_members.cpp)
  void turn_to(member_slot& of, phase next, time_ns now);
  void open(entry& one, time_ns now);
  void reopen(entry& one, time_ns now);
  void close(entry& one, bool resting, time_ns now);
  void fall(entry& one, time_ns now);
  void begin_wake(entry& one, time_ns now);
  void next_wake_step(entry& one, time_ns now);
  void command_wake(entry& one);
  void wake_if_known(entry& one);
  void fail(entry& one, const std::string& why, time_ns now);
  void stays_awake(entry& one, const std::string& why, time_ns now);
  void go_away(entry& one, bool gone, const std::string& why, time_ns now);
  void sleeps(entry& one, time_ns now);
  void wake_answered(entry& one, outcome how, const std::string& detail, time_ns now);
  void sleep_answered(entry& one, outcome how, const std::string& detail, time_ns now);
  void seen_awake(entry& one, time_ns now);
  void look_later(member_slot& of, time_ns now) const;

  // tickets
  void decide(ticket_id id, denial why, const std::string& detail, time_ns now);
  void decide_all(entry& one, denial why, const std::string& detail, time_ns now);
  void erase_ticket(ticket_id id);
  void act(action::kind what, const std::string& member = {}, call_id call = 0);

  std::size_t own_lanes_; ///< the first ones
  std::size_t lanes_;
  std::vector<bool> gone_; ///< by lane
  card_limits limits_;
  bool leads_ = false;
  bool led_ = false; ///< another one does, or will
  bool asked_to_tell_ = false;
  time_ns settled_at_ = 0;
  slots slots_;
  std::map<ticket_id, ticket> tickets_; ///< those that wait
  bool was_contended_ = false;
  ticket_id last_ticket_ = 0;
  call_id last_call_ = 0;
  std::uint64_t sleeps_ = 0; ///< so many have gone to sleep
  std::vector<action> actions_;
};

} // namespace synapse::gpus
