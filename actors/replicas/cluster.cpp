#include "actors/replicas/cluster.hpp"

#include "actors/replicas/directory.hpp"
#include "actors/replicas/events.hpp"
#include "actors/replicas/gate/dialling.hpp"
#include "actors/replicas/gate/gatekeeper.hpp"
#include "actors/replicas/gate/knock.hpp"
#include "actors/replicas/gate/scribes.hpp"
#include "actors/replicas/link/door.hpp"
#include "actors/replicas/link/link.hpp"

#include <caf/actor_registry.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

namespace synapse::actors {
namespace cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_interval{1'000};
constexpr milliseconds publish_pause{2'000};
constexpr milliseconds leave_limit{700};
constexpr milliseconds unpublish_limit{700};
/// A replica that only its own word made known is not dialled for ever.
constexpr std::chrono::minutes forget_after{1};
constexpr std::chrono::seconds refusal_report_gap{10};

/// The cluster with its messages to itself; others see a cluster_actor.
using cluster_self =
    cluster_actor::extend<caf::reacts_to<cluster_event_ptr>, caf::reacts_to<tick_atom>>;

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool is_loopback(const std::string& host) {
  return host.starts_with("127.") || host == "::1" || host == "localhost";
}

bool is_wildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

class cluster_impl : public cluster_self::base {
public:
  cluster_impl(caf::actor_config& config, replica_parts parts)
      : cluster_self::base(config), parts_(std::move(parts)),
        secret_(std::make_shared<const std::string>(std::move(parts_.secret))),
        directory_(parts_.settings.max_members), started_us_(wall_us()) {
    self_.protocol = parts_.protocol;
    self_.version = parts_.version;
    self_.origin = parts_.origin;
    self_.instance = parts_.instance;
    set_down_handler([this](caf::down_msg& down) { on_down(down.source); });
    set_exit_handler([this](caf::exit_msg&) { leave(); });
  }

  const char* name() const override { return "cluster"; }

  cluster_self::behavior_type make_behavior() override {
    // Any node could ask them: to start actors, or for whatever actor is registered by name.
    system().registry().erase(caf::atom("ConfigServ"));
    system().registry().erase(caf::atom("SpawnServ"));
    if (parts_.settings.tls.enabled())
      tls_ = std::make_shared<tls_source>(parts_.settings.tls);
    if (!is_loopback(parts_.settings.listen) && !tls_)
      parts_.report(
          report_level::warning,
          "listening on " + parts_.settings.listen +
              " without TLS: who is between the replicas can read lines on their way, and "
              "disturb");
    means_ = dial_means{broker_of(system()), secret_, tls_};
    open_door();
    publish();
    return {[this](const feed_batch_ptr& lines) { to_links(lines); },
            [this](const backend_note& note) { to_links(notes_.own(note)); },
            [this](const cell_note& note) { to_links(notes_.own(note)); },
            [this](const gpu_note& note) { to_links(notes_.own(note)); },
            [this](list_atom) { return members(); },
            [this](listen_atom, const peer_note_listener& listener) { on_listener(listener); },
            [this](const cluster_event_ptr& event) {
              std::visit([this](auto& what) { on(what); }, *event);
            },
            [this](tick_atom) { look_round(); }};
  }

  void on_exit() override {
    for (auto& [name, entry] : directory_.all())
      if (entry.link)
        caf::anon_send_exit(entry.link, caf::exit_reason::user_shutdown);
    // After an end that was not asked for, too: the next cluster of this process wants the port.
    gate_ = nullptr;
    if (door_ && port_ != 0 && !closing_)
      caf::anon_send(system().middleman().actor_handle(), caf::unpublish_atom::value,
                     caf::actor_cast<caf::actor_addr>(door_), port_);
    if (door_)
      tell(door_, close_order{});
    door_ = nullptr;
    means_ = {};
    directory_.all().clear();
    listeners_.clear();
    parts_.feed = nullptr;
  }

private:
  // ---- start and end ----

  std::function<void(cluster_event)> teller() {
    // The handle keeps the cluster in memory until links and door have ended.
    return [to = caf::actor_cast<cluster_self>(this)](cluster_event event) {
      caf::anon_send(to, std::make_shared<cluster_event>(std::move(event)));
    };
  }

  void open_door() {
    door_parts parts;
    parts.self = self_;
    parts.secret = secret_;
    parts.timeout = parts_.settings.timeout;
    parts.max_guests = parts_.settings.max_members;
    parts.events = events_to(teller());
    door_ = spawn_door(system(), std::move(parts));
    monitor(door_);
  }

  void publish() {
    std::string problem;
    gate_ = gatekeeper::open(make_gate_parts(), problem);
    if (gate_)
      return on_published(gate_->port());
    if (!publish_failed_)
      parts_.report(report_level::error,
                    "cannot listen on " + settings_address() + ": " + problem + "; trying again");
    publish_failed_ = true;
    delayed_send(this, publish_pause, tick_atom::value);
  }

  gate_parts make_gate_parts() {
    const auto& settings = parts_.settings;
    gate_parts parts;
    parts.host = settings.listen;
    parts.port = settings.port;
    parts.secret = secret_;
    parts.tls = tls_;
    parts.max_strangers = settings.max_strangers;
    parts.greeting_timeout = settings.greeting_timeout;
    parts.report = [say = teller()](const std::string& text) { say(gate_report{text}); };
    parts.strangers = parts_.strangers;
    parts.refused = parts_.strangers_refused;
    // As CAF's listener would: the node that has come is greeted with what is published at the
    // port.
    parts.passed = [this_system = &system(), broker = means_.broker,
                    door = caf::actor_cast<caf::strong_actor_ptr>(door_)](channel connection,
                                                                          std::uint16_t port) {
      caf::anon_send(broker, caf::publish_atom::value,
                     make_scribe(*this_system, std::move(connection)), port, door,
                     this_system->message_types<cluster_peer>());
    };
    return parts;
  }

  void on_published(std::uint16_t port) {
    port_ = port;
    const auto& settings = parts_.settings;
    config::host_port own{is_wildcard(settings.listen) ? std::string{} : settings.listen, port};
    self_.address = settings.advertise.empty() ? own.to_string() : settings.advertise;
    parts_.report(report_level::info, "listening on " +
                                          config::host_port{settings.listen, port}.to_string() +
                                          (tls_ ? " with TLS" : ""));
    address_sources listed;
    listed.listed = true;
    for (const std::string& peer : settings.peers)
      if (const auto address = config::parse_host_port(peer))
        add(*address, listed);
    look_round();
  }

  std::string settings_address() const {
    return config::host_port{parts_.settings.listen, parts_.settings.port}.to_string();
  }

  void leave() {
    if (leaving_)
      return;
    leaving_ = true;
    for (auto& [name, entry] : directory_.all())
      if (entry.link)
        send_exit(entry.link, caf::exit_reason::user_shutdown);
    if (!leave_if_alone())
      delayed_send(this, leave_limit, tick_atom::value);
  }

  /// Links say good-bye through the door: it closes behind them.
  bool leave_if_alone() {
    if (std::any_of(directory_.all().begin(), directory_.all().end(),
                    [](const auto& one) { return bool(one.second.link); }))
      return false;
    close();
    return true;
  }

  void close() {
    if (closing_)
      return;
    closing_ = true;
    gate_ = nullptr;
    if (port_ == 0)
      return quit();
    request(system().middleman().actor_handle(), unpublish_limit, caf::unpublish_atom::value,
            caf::actor_cast<caf::actor_addr>(door_), port_)
        .then([this] { quit(); }, [this](caf::error&) { quit(); });
  }

  // ---- who is there ----

  void add(const config::host_port& address, address_sources from) {
    if (auto* fresh = directory_.add(address, from))
      start_link(*fresh);
    else if (!directory_.find(address.to_string()) && !told_full_) {
      told_full_ = true;
      parts_.report(report_level::warning,
                    "more replicas than max_members: " + address.to_string() + " is left out");
    }
  }

  void start_link(directory::entry& entry) {
    link_parts parts;
    parts.settings = parts_.settings;
    parts.self = self_;
    parts.means = means_;
    parts.address = entry.address;
    parts.door = door_;
    parts.told = [say = teller()](const link_status& status) { say(status); };
    parts.lines_sent = parts_.lines_sent;
    parts.lines_dropped = parts_.lines_dropped;
    entry.other_way_to = 0;
    entry.status = {}; // it may have been up before; now nothing is known of it
    entry.status.address = entry.address.to_string();
    entry.changed = steady_clock::now();
    entry.since_us = wall_us();
    entry.link = spawn_link(system(), std::move(parts));
    monitor(entry.link);
  }

  void on(const link_status& status) {
    auto* entry = directory_.find(status.address);
    if (leaving_ || !entry || !entry->link)
      return;
    const std::uint64_t origin_before = entry->status.origin;
    const auto before = directory_.update(*entry, status, wall_us(), steady_clock::now());
    entry->self = status.self;
    if (const auto change = change_of(*entry, before))
      parts_.report(change->grave ? report_level::warning : report_level::info, change->text);
    if (before == status.state) {
      if (status.ended)
        tell_peers();
      return;
    }
    if (status.state == member_state::up) {
      if (directory_.up_besides(status.origin, status.address)) {
        entry->other_way_to = status.origin;
        send_exit(entry->link, caf::exit_reason::user_shutdown);
        entry->link = nullptr;
      } else {
        send(entry->link, notes_.own(steady_ns(steady_clock::now())));
      }
    } else if (before == member_state::up) {
      for (auto& [name, other] : directory_.all())
        if (other.other_way_to == origin_before)
          start_link(other);
    }
    parts_.members_up(directory_.up());
    tell_peers();
  }

  void on_down(const caf::actor_addr& source) {
    std::erase_if(listeners_, [&](const auto& one) { return one.address() == source; });
    if (door_ && door_.address() == source) {
      parts_.report(report_level::error, "the door has ended unexpectedly");
      return quit(caf::exit_reason::unhandled_exception);
    }
    if (auto* entry = directory_.find(source))
      entry->link = nullptr; // dialled again with the next look round, unless it is this replica
    if (leaving_)
      leave_if_alone();
  }

  /// Once a second, and as soon as this replica can be reached.
  void look_round() {
    if (leaving_)
      return close();
    if (port_ == 0)
      return publish();
    const auto now = steady_clock::now();
    auto& all = directory_.all();
    for (auto i = all.begin(); i != all.end();) {
      auto& entry = i->second;
      const bool up = entry.link && entry.status.state == member_state::up;
      const bool wanted = entry.from.listed || entry.from.dns ||
                          (entry.from.guest && now - entry.changed < forget_after);
      if (!up && !wanted) {
        if (entry.link)
          send_exit(entry.link, caf::exit_reason::user_shutdown);
        forget_if_ended(entry);
        i = all.erase(i);
        continue;
      }
      if (!entry.link && !entry.self && entry.other_way_to == 0)
        start_link(entry);
      ++i;
    }
    if (!parts_.settings.dns.empty() && now >= dns_due_) {
      dns_due_ = now + parts_.settings.dns_refresh;
      if (!resolving_)
        resolve();
    }
    tell_peers();
    delayed_send(this, std::min(look_interval, parts_.settings.dns_refresh), tick_atom::value);
  }

  // ---- who may decide for all ----

  /// Lower ones go first.
  static std::string peer_name(const std::string& instance, std::uint64_t origin) {
    std::array<char, 20> number{};
    std::snprintf(number.data(), number.size(), "#%016llx",
                  static_cast<unsigned long long>(origin));
    return clean_text(instance, 128) + number.data();
  }

  /// Something other than silence says that whoever was at this address has ended.
  bool has_ended(const directory::entry& entry) const {
    const bool unlisted = !parts_.settings.dns.empty() && dns_known_ && !dns_failed_ &&
                          !entry.from.dns && !entry.from.listed;
    return entry.status.state != member_state::up && (entry.status.ended || unlisted);
  }

  void forget_if_ended(const directory::entry& entry) {
    if (has_ended(entry))
      std::erase_if(
          seen_, [&](const auto& one) { return one.second.address == entry.address.to_string(); });
  }

  /// Live is one that is reached and reaches this one.
  void tell_peers() {
    gpu_peers peers;
    peers.self = peer_name(parts_.instance, parts_.origin);
    peers.notice =
        std::chrono::nanoseconds{parts_.settings.timeout + parts_.settings.heartbeat}.count();
    std::set<std::uint64_t> live;
    for (const auto& [address, entry] : directory_.all()) {
      const auto origin = entry.status.origin;
      if (!entry.link || entry.status.state != member_state::up) {
        forget_if_ended(entry);
        continue;
      }
      // Where one has started anew the one before has ended.
      std::erase_if(seen_, [&, at = address](const auto& one) {
        return one.first != origin && one.second.address == at;
      });
      if (!notes_.knows(origin))
        continue;
      live.insert(origin);
      seen_[origin] = {peer_name(entry.status.instance, origin), address};
      peers.live.push_back(seen_[origin].name);
    }
    while (seen_.size() > 4 * parts_.settings.max_members)
      seen_.erase(seen_.begin());
    for (const auto& [origin, one] : seen_)
      if (!live.contains(origin))
        peers.silent.push_back(one.name);
    for (const auto& listener : listeners_)
      send(listener, peers);
  }

  void resolve() {
    resolving_ = true;
    system().spawn<caf::detached + caf::hidden>(
        [say = teller(), host = parts_.settings.dns](caf::event_based_actor*) {
          names_resolved found;
          found.ips = addresses_of(host, found.problem);
          say(std::move(found));
        });
  }

  void on(const names_resolved& found) {
    resolving_ = false;
    if (leaving_)
      return;
    if (found.ips.empty()) {
      // A name server that is away takes nobody out of the list.
      if (!dns_failed_)
        parts_.report(report_level::warning,
                      "cannot resolve " + parts_.settings.dns + ": " + found.problem);
      dns_failed_ = true;
      return;
    }
    dns_failed_ = false;
    dns_known_ = true;
    for (auto& [name, entry] : directory_.all())
      entry.from.dns = false;
    address_sources dns;
    dns.dns = true;
    for (const std::string& ip : found.ips)
      add({ip, parts_.settings.dns_port}, dns);
  }

  // ---- who has come by itself ----

  void on(const guest_joined& guest) {
    notes_.joined(guest.who.origin, guest.who.instance);
    tell_peers();
    if (leaving_ || directory_.knows(guest.who.origin))
      return;
    const bool no_host = guest.who.address.starts_with(":");
    const auto address =
        config::parse_host_port(no_host ? "host" + guest.who.address : guest.who.address);
    if (!address)
      return;
    address_sources from;
    from.guest = true;
    if (!no_host)
      return add(*address, from);
    request(system().middleman().actor_handle(), std::chrono::seconds{5}, caf::get_atom::value,
            guest.node)
        .then(
            [this, from, port = address->port](const caf::node_id&, const std::string& ip,
                                               std::uint16_t) {
              if (!ip.empty() && !leaving_)
                add({ip, port}, from);
            },
            [](caf::error&) {});
  }

  void on(const guest_left& guest) {
    notes_.left(guest.origin, listeners());
    if (guest.good_bye)
      seen_.erase(guest.origin);
    tell_peers();
  }

  void on(guest_lines& guest) {
    parts_.lines_received(guest.lines.size());
    if (parts_.feed && !leaving_)
      send(parts_.feed, bus_atom::value,
           feed_batch_ptr{std::make_shared<std::vector<feed_event>>(std::move(guest.lines))});
  }

  void on(guest_notes& guest) {
    notes_.said(guest.origin, guest.notes.backends, listeners());
    for (auto& note : guest.notes.cells) {
      peer_cell told;
      told.instance = notes_.name_of(guest.origin);
      told.note = std::move(note);
      for (const auto& listener : listeners_)
        send(listener, told);
    }
    for (auto& note : guest.notes.cards) {
      peer_gpu told;
      told.peer = peer_name(notes_.name_of(guest.origin), guest.origin);
      told.note = std::move(note);
      for (const auto& listener : listeners_)
        send(listener, told);
    }
  }

  void on(const guest_refused& guest) {
    const auto now = steady_clock::now();
    if (now < refusal_report_due_)
      return;
    refusal_report_due_ = now + refusal_report_gap;
    parts_.report(report_level::warning, "turned away: " + guest.what);
  }

  /// The gate says it once per burst already.
  void on(const gate_report& gate) { parts_.report(report_level::warning, gate.text); }

  // ---- what goes to and fro ----

  void to_links(const feed_batch_ptr& lines) {
    for (auto& [name, entry] : directory_.all())
      if (entry.link)
        send(entry.link, lines);
  }

  /// @param news null: nothing is told
  void to_links(const finding_list_ptr& news) {
    for (auto& [name, entry] : directory_.all())
      if (entry.link && news)
        send(entry.link, news);
  }

  void on_listener(const peer_note_listener& listener) {
    monitor(listener);
    listeners_.push_back(listener);
    notes_.tell_all([&](const peer_note& note) { send(listener, note); });
    tell_peers();
  }

  note_book::tell listeners() {
    return [this](const peer_note& note) {
      for (const auto& listener : listeners_)
        send(listener, note);
    };
  }

  std::vector<cluster_member> members() const {
    cluster_member self;
    self.instance = parts_.instance;
    self.self = true;
    self.address = self_.address;
    self.state = port_ == 0 ? member_state::connecting : member_state::up;
    self.version = parts_.version;
    self.since_us = started_us_;
    self.last_seen_ms = 0;
    self.round_trip_us = 0;
    self.backends = notes_.own_backends();
    std::vector<cluster_member> result{std::move(self)};
    auto others = directory_.members(steady_clock::now(), notes_);
    result.insert(result.end(), std::make_move_iterator(others.begin()),
                  std::make_move_iterator(others.end()));
    return result;
  }

  replica_parts parts_;
  std::shared_ptr<const std::string> secret_;
  introduction self_;
  directory directory_;
  std::shared_ptr<tls_source> tls_; ///< null: plain TCP
  std::int64_t started_us_;
  dial_means means_;
  door_actor door_;
  std::unique_ptr<gatekeeper> gate_; ///< null until others can reach this replica
  std::uint16_t port_ = 0;           ///< 0 until others can reach this replica
  note_book notes_;
  struct seen_replica {
    std::string name; ///< as peers have it
    std::string address;
  };
  std::map<std::uint64_t, seen_replica> seen_; ///< that were live and have not ended, by origin
  std::vector<peer_note_listener> listeners_;
  steady_clock::time_point dns_due_{};
  steady_clock::time_point refusal_report_due_{};
  bool resolving_ = false;
  bool dns_known_ = false; ///< it has been resolved
  bool dns_failed_ = false;
  bool publish_failed_ = false;
  bool told_full_ = false;
  bool leaving_ = false;
  bool closing_ = false;
};

} // namespace
} // namespace cluster

cluster_actor spawn_cluster(caf::actor_system& system, replica_parts parts) {
  return caf::actor_cast<cluster_actor>(system.spawn<cluster::cluster_impl>(std::move(parts)));
}

} // namespace synapse::actors
