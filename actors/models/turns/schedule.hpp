/// @file
/// Who uses which model when: one router's models take turns, and nothing that runs is cut off.
#pragma once

#include "actors/models/router/catalog.hpp"
#include "actors/models/router/router_words.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::models {

/// Nanoseconds of the steady clock.
using time_ns = std::int64_t;
using ticket_id = std::uint64_t;

struct schedule_limits {
  time_ns batch_window = 10'000'000'000;
  time_ns linger = 500'000'000;
  time_ns max_wait = 240'000'000'000;
  time_ns load_timeout = 240'000'000'000;
  time_ns restart_patience = 45'000'000'000;
  time_ns poll = 1'000'000'000;
  unsigned max_waiting = 256;
  unsigned max_loaded = 1; ///< 0: no limit
  /// The router lets an idle model go by itself when another is to be loaded, and refuses while its
  /// models are busy. Then nothing is unloaded for a switch: what others than this gateway run
  /// there is not cut off either.
  bool load_evicts = false;
};

enum class denial : std::uint8_t {
  none,
  unknown_model,      ///< the router has no such model
  loading,            ///< the asker did not want to wait
  load_failed,        ///< the router could not load it
  load_timeout,       ///< it did not become ready in time
  wait_timeout,       ///< others kept the router busy for as long as one may wait
  queue_full,         ///< too many wait already
  router_unavailable, ///< the router does not answer
  router_error,       ///< it answers, but nothing that makes sense
};

/// What a request for a model came to.
struct verdict {
  ticket_id ticket = 0;
  denial why = denial::none;
  std::string model;    ///< as clients call it
  std::string id;       ///< as the router wants to be asked; empty when denied
  std::string detail;   ///< of a denial, for people
  double progress = -1; ///< of a load under way, 0 to 1; negative: not known
  std::uint32_t retry_after_s = 0;
};

/// What a ticket is for.
enum class purpose : std::uint8_t {
  request,    ///< an inference: waits until the model is open
  no_wait,    ///< likewise, but is denied at once when it is not; the model is loaded all the same
  load,       ///< somebody wants it loaded: answered when the router has accepted that
  unload,     ///< answered when no request uses it any more and the router was told
  everything, ///< the whole router is wanted without requests: see `release`
};

/// What somebody who waits for a model waits for.
struct wait_reason {
  enum class kind : std::uint8_t {
    router,   ///< it does not answer, or says that it cannot yet
    restart,  ///< the router is about to be started with other arguments
    queue,    ///< somebody who came before waits for `model`
    load,     ///< `model` is being loaded
    unload,   ///< `model` is being sent away
    requests, ///< `model` is closed; requests that began before have to end
    turn,     ///< `model` is in use and has its turn
    pause,    ///< `model` was in use a moment ago
  };
  kind what = kind::router;
  std::string model;          ///< what is in the way; empty: the router itself
  std::uint32_t requests = 0; ///< of `requests`: how many run
  std::string text;           ///< for people: "waits for a to finish 2 requests"
};

std::string_view to_string(wait_reason::kind what) noexcept;

/// What is to be done. In the order in which they were decided.
struct action {
  enum class kind : std::uint8_t {
    decide, ///< `verdict` is final
    view,   ///< what is open has changed: tell the lanes
    load,   ///< ask the router to load `id`
    unload, ///< ask the router to unload `id`
    list,   ///< ask the router for its list
    failed, ///< a load that was asked for here came to nothing; `verdict.detail` says why
  };
  kind what = kind::list;
  std::string model;
  std::string id;
  models::verdict verdict;
};

/// How a lane sees a model.
struct turn {
  bool open = false; ///< requests may begin without asking
  std::uint32_t closing =
      0; ///< not 0: to be told, with this number, when the last request has ended
};

/// The state machine; it has no clock, no actor and no socket. A lane is an I/O thread: requests
/// for an open model begin on their lane without asking, and the lanes tell when a closed one is
/// not used any more.
///
/// The rules:
///  - a model is loaded once, however many wait for it, and unloaded only when no request uses it;
///  - while others wait, requests for a loaded model that is in use go first for `batch_window`,
///    counted from the arrival of the one who waits longest or from the model's own turn, whichever
///    is later. Then it is closed: what runs goes on, what comes waits;
///  - a model that nobody has used for `linger` makes room at once, and so does one that nobody has
///    used since it was loaded, unless somebody was told to come again for it;
///  - whoever waits can be told what for (`waits_for`). When the router definitely refuses what is
///    needed, nobody waits;
///  - the model whose first waiter came first is next;
///  - nobody waits longer than `max_wait`.
class schedule {
public:
  schedule(std::size_t lanes, schedule_limits limits) : lanes_(lanes), limits_(limits) {}

  void set_limits(schedule_limits limits) { limits_ = limits; }

  // ---- what happens; every call may leave actions behind ----

  /// Somebody asks for a model. @returns the number by which it is spoken of from now on; a verdict
  /// may be among the actions already. @param name as the client wrote it.
  ticket_id ask(std::string_view name, purpose what, time_ns now);
  /// The same, but what is known by now does not count: a list that is asked for from now on
  /// decides. For one who was told that an open model is not there.
  ticket_id ask_anew(std::string_view name, purpose what, time_ns now);
  /// It is not wanted any more.
  void abandon(ticket_id ticket, time_ns now);
  /// How many requests of a lane use a model, and when one last did. Told while others wait.
  void usage(std::size_t lane, std::string_view model, std::uint32_t in_use, time_ns last_used,
             time_ns now);
  /// The last request of a closing model has ended on that lane.
  void drained(std::size_t lane, std::string_view model, std::uint32_t number, time_ns now);
  /// @param asked_at when the list was asked for: what happened since is newer.
  void listed(catalog list, time_ns asked_at, time_ns now);
  /// The router gave no list. `gone`: nobody listens there, so that it has lost its models.
  void list_failed(bool gone, bool garbage, std::string why, time_ns now);
  /// The router said that it will not give one: nobody waits for it.
  void list_refused(std::string why, time_ns now);
  void load_answered(std::string_view model, router_answer how, std::string detail, time_ns now);
  void unload_answered(std::string_view model, router_answer how, std::string detail, time_ns now);
  /// A request found that the model is not there although it should be.
  void suspect(std::string_view model, time_ns now);
  /// The one who has everything (a verdict for purpose::everything) needs it no longer.
  void release(time_ns now);
  /// News of a load under way. @returns false when none is known of.
  bool progress(std::string_view model, double value);
  /// Time has passed.
  void tick(time_ns now);

  // ---- what follows ----

  std::vector<action> take_actions();
  /// When `tick` is to be called at the latest; 0: never.
  time_ns due() const;
  /// A list is wanted again and again, every `poll`.
  bool changing() const;

  // ---- what is ----

  const std::optional<catalog>& known() const noexcept { return known_; }
  /// The model's turn; closed when it is not known.
  turn turn_of(std::string_view model) const;
  /// The router has it, as far as is known, whether requests may begin or not.
  bool present(std::string_view model) const;
  /// Others wait: lanes tell how much each open model is used.
  bool contended() const noexcept;
  std::size_t waiting() const noexcept { return waiting_ + unresolved_.size(); }
  /// What those who want a model wait for; nothing when nobody does, or it is being loaded.
  std::optional<wait_reason> waits_for(std::string_view model, time_ns now) const;
  /// The router was told to load it, or loads it.
  bool loading(std::string_view model) const;
  /// The router is one, or it is not known yet. Otherwise nothing has to be asked.
  bool managed() const noexcept { return !known_ || known_->is_router; }
  /// Models that were told to load so far.
  std::uint64_t loads() const noexcept { return loads_; }

private:
  /// A lane that has not told how much it uses a model; it counts as much.
  static constexpr std::uint32_t not_told = 0xffffffff;

  enum class phase : std::uint8_t {
    away,      ///< not at the router, as far as is known
    asked,     ///< the router is being told to load it
    loading,   ///< it has accepted
    open,      //
    closing,   ///< requests run that began before
    yielding,  ///< no request runs any more; the load of the next one sends it away
    leaving,   ///< the router is being told to unload it
    unloading, ///< it has accepted
  };
  struct slot {
    phase now = phase::away;
    std::uint32_t number = 0;          ///< of its last closing
    std::vector<bool> undrained;       ///< by lane, while closing
    std::vector<std::uint32_t> in_use; ///< by lane; `not_told` until it says so
    std::deque<ticket_id> waiting;
    std::vector<ticket_id> unloads; ///< who wants it gone
    time_ns opened = 0;
    time_ns used = 0;       ///< when a request last used it; 0: none did
    time_ns hinted = 0;     ///< since when somebody wants it who does not wait
    time_ns hint_until = 0; ///< after this the hint is forgotten
    bool returns = false;   ///< and that one was told to come again
    time_ns kept_until = 0; ///< for the one who comes again
    time_ns load_began = 0;
    time_ns accepted = 0;  ///< when the router accepted the load or unload under way
    time_ns seen_away = 0; ///< since when an accepted load does not show in the list
    time_ns next_try = 0;  ///< not 0: a load is not tried before
    time_ns retry_at = 0;  ///< an unload that shows no effect is asked for again from then on
    unsigned tries = 0;
    unsigned no_rooms = 0; ///< how often in a row the router had no room where there should be
    bool ours = false;     ///< the load or unload under way was asked for here
    bool stays = false;    ///< the router will not unload it
    std::string word;      ///< what the router said when a load or unload was not done
    double progress = -1;
    time_ns usual_load = 5'000'000'000; ///< how long it took lately
  };
  struct ticket {
    std::string name;
    std::string model; ///< empty: not known yet
    purpose what = purpose::request;
    time_ns since = 0;
    bool anew = false; ///< only a newer list tells
  };

  using entry = std::pair<const std::string, slot>;

  // deciding (schedule_turns.cpp)
  void step(time_ns now);
  void expire(time_ns now);
  void resolve(ticket_id id, time_ns now);
  void resolve_all(time_ns now);
  void give_turns(time_ns now);
  void hold_everything(time_ns now);
  void serve(entry& of, time_ns now);
  std::vector<entry*> wanted_in_order();
  const entry* first_in_line() const;
  entry* victim(const slot& wanted, time_ns now);
  time_ns may_close(const slot& of, const slot& wanted) const;
  bool making_room() const;
  bool all_told() const;
  bool has_room() const;
  bool room_for(const slot& wanted) const;
  /// The router answers, and what it said last is newer than all that happened to it from here.
  bool informed() const;
  static bool wanted(const slot& of) noexcept;
  time_ns wanted_since(const slot& of) const;
  static bool idle(const slot& of) noexcept;

  // changing one model
  slot& at(std::string_view model);
  void hint(slot& of, bool returns, time_ns now) const;
  void keep_for_hint(slot& of, time_ns now) const;
  void open(entry& of, time_ns now);
  void close(entry& of);
  void reopen(entry& of, time_ns now);
  void unload_if_drained(entry& of);
  void send_away(entry& of);
  void lose(slot& of);
  void gives_no_room(entry& of, const std::string& detail, time_ns now);
  void fail(entry& of, denial why, const std::string& detail, time_ns now);
  void end_unloads(slot& of, denial why, const std::string& detail, time_ns now);
  void look_at(entry& of, const router_model& listed, time_ns asked_at, time_ns now);
  void look_at_load(entry& of, const router_model& listed, time_ns asked_at, time_ns now);
  void look_at_unload(entry& of, const router_model& listed, time_ns asked_at, time_ns now);
  void is_no_router(time_ns now);

  // words for those who wait (schedule_waits.cpp)
  denial away_denial() const noexcept;
  wait_reason reason_away(const entry& first, time_ns now) const;
  wait_reason reason_behind(const entry& other, const entry& first, time_ns now) const;
  std::string reason_text(std::string_view model, time_ns now) const;

  // tickets
  void decide(ticket_id id, denial why, const std::string& detail, time_ns now);
  void forget(ticket_id id);
  std::uint32_t retry_after(const slot& of, time_ns now) const;
  std::string id_of(std::string_view model) const;
  void act(action::kind what, const std::string& model = {}, const std::string& detail = {});

  std::size_t lanes_;
  schedule_limits limits_;
  std::optional<catalog> known_;
  time_ns listed_at_ = 0;  ///< when the last list was asked for
  time_ns fresh_from_ = 0; ///< what a list says that was asked for before does not count
  time_ns away_since_ = 0; ///< the router does not answer; 0: it does
  bool garbage_ = false;
  bool refused_ = false; ///< it answers, and will not give a list
  std::string away_why_;
  std::map<std::string, slot, std::less<>> slots_;
  std::map<ticket_id, ticket> tickets_;
  std::deque<ticket_id> unresolved_; ///< for names that the last list does not have
  std::optional<ticket_id> wants_everything_;
  bool held_ = false;
  bool was_contended_ = false;
  ticket_id last_ticket_ = 0;
  std::size_t waiting_ = 0; ///< tickets in the slots' queues
  std::uint64_t loads_ = 0;
  std::vector<action> actions_;
};

} // namespace synapse::models
