/// @file
/// A replica without the rest of the gateway: an actor system, its cluster and what arrives there.
#pragma once

#include "actors/replicas/cluster.hpp"
#include "config/values/values.hpp"
#include "tests/support/waiting.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace synapse::test {

using namespace std::chrono_literals;
using actors::backend_note;
using actors::circuit;
using actors::cluster_member;
using actors::feed_event;
using actors::member_state;
using actors::peer_note;

inline const std::string a_secret = "a secret of the replicas in tests";

inline std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct arrived_line {
  feed_event line;
  std::int64_t delay_us; ///< since it was said
};

struct replica_options {
  std::string instance = "a";
  std::uint64_t origin = 1;
  std::string secret = a_secret;
  std::uint16_t protocol = actors::cluster::protocol_version;
  config::cluster_settings settings = quick();
  // Called besides, one at a time.
  std::function<void(const arrived_line&)> on_line = [](const arrived_line&) {};
  std::function<void(const peer_note&)> on_note = [](const peer_note&) {};
  std::function<void(const std::string&)> on_report = [](const std::string&) {};

  /// Any free port of loopback, short pauses.
  static config::cluster_settings quick() {
    config::cluster_settings result;
    result.port = 0;
    result.heartbeat = 50ms;
    result.timeout = support::sanitized ? 2000ms : 500ms;
    result.redial = {20ms, 200ms};
    return result;
  }
};

/// Any thread. Ends with everything in it.
class replica {
public:
  explicit replica(replica_options how) : how_(std::move(how)) {
    config_.set("scheduler.policy", caf::atom("sharing"));
    config_.set("scheduler.max-threads", std::size_t{1});
    actors::configure_cluster(config_, how_.settings);
    system_ = std::make_unique<caf::actor_system>(config_);
    feed_ = system_->spawn([this]() -> actors::terminal_feed_actor::behavior_type {
      return {[](actors::publish_atom) {},
              [this](actors::bus_atom, const actors::feed_batch_ptr& lines) { take(*lines); },
              [](const actors::feed_desk_actor&) {}, [](const actors::feed_bus_actor&) {}};
    });
    listener_ = system_->spawn([this]() -> actors::peer_note_listener::behavior_type {
      return {[this](const peer_note& note) {
                std::lock_guard guard{mutex_};
                notes_.push_back(note);
                how_.on_note(note);
              },
              [this](const actors::peer_cell& cell) {
                std::lock_guard guard{mutex_};
                cells_.push_back(cell);
              },
              [this](const actors::peer_gpu& card) {
                std::lock_guard guard{mutex_};
                cards_.push_back(card);
              },
              [this](const actors::gpu_peers& peers) {
                std::lock_guard guard{mutex_};
                peers_ = peers;
              }};
    });
    actors::replica_parts parts;
    parts.settings = how_.settings;
    parts.secret = how_.secret;
    parts.origin = how_.origin;
    parts.instance = how_.instance;
    parts.version = "0.1.0";
    parts.feed = feed_;
    parts.protocol = how_.protocol;
    parts.report = [this](actors::report_level, const std::string& text) {
      std::lock_guard guard{mutex_};
      reports_.push_back(text);
      how_.on_report(text);
    };
    parts.members_up = [this](std::size_t count) { up_ = count; };
    parts.lines_sent = [this](std::size_t count) { sent += count; };
    parts.lines_received = [this](std::size_t count) { received += count; };
    parts.lines_dropped = [this](std::size_t count) { dropped += count; };
    cluster_ = actors::spawn_cluster(*system_, std::move(parts));
    caf::anon_send(cluster_, actors::listen_atom::value, listener_);
  }

  ~replica() {
    caf::anon_send_exit(cluster_, caf::exit_reason::user_shutdown);
    cluster_ = nullptr;
    caf::anon_send_exit(feed_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(listener_, caf::exit_reason::user_shutdown);
    feed_ = nullptr;
    listener_ = nullptr;
    system_.reset();
  }
  replica(const replica&) = delete;
  replica& operator=(const replica&) = delete;

  caf::actor_system& system() { return *system_; }
  const actors::cluster_actor& cluster() const { return cluster_; }

  std::vector<cluster_member> members() {
    caf::scoped_actor self{*system_};
    std::vector<cluster_member> result;
    self->request(cluster_, 10s, actors::list_atom::value)
        .receive([&](std::vector<cluster_member>& list) { result = std::move(list); },
                 [](caf::error&) {});
    return result;
  }

  /// host:port, once it listens.
  std::string address() {
    support::wait_until([&] {
      const auto list = members();
      return !list.empty() && list.front().state == member_state::up;
    });
    return members().front().address;
  }

  /// The other member of that name, or nothing.
  std::optional<cluster_member> member(const std::string& instance) {
    for (auto& one : members())
      if (!one.self && one.instance == instance)
        return one;
    return std::nullopt;
  }

  bool wait_for(const std::string& instance, member_state state) {
    return support::wait_until([&] {
      const auto one = member(instance);
      return one && one->state == state;
    });
  }

  bool wait_for_up(std::size_t count) {
    return support::wait_until([&] { return up_ == count; });
  }

  /// Until so many lines have come to the feed. `received` is counted before they set out for it.
  bool wait_for_lines(std::size_t count) {
    return support::wait_until([&] {
      std::lock_guard guard{mutex_};
      return lines_.size() >= count;
    });
  }

  /// Says `count` lines, each in a batch of its own.
  void say(std::size_t count, std::size_t bytes = 40) {
    for (std::size_t i = 0; i < count; ++i) {
      feed_event line;
      line.instance = how_.instance;
      line.origin = how_.origin;
      line.number = ++said_;
      line.time_us = now_us();
      line.source = "test";
      line.message = std::string(bytes, 'x');
      caf::anon_send(cluster_, actors::feed_batch_ptr{
                                   std::make_shared<std::vector<feed_event>>(1, std::move(line))});
    }
  }

  void note(const std::string& backend, circuit state) {
    backend_note note;
    note.backend = backend;
    note.state = state;
    note.healthy = state == circuit::closed;
    caf::anon_send(cluster_, note);
  }

  /// Says of a cell that it is shut for `left`, or is not any more.
  void cell(std::uint64_t id, circuit state, std::chrono::nanoseconds left = 0ns) {
    const auto now = actors::cluster::steady_ns(std::chrono::steady_clock::now());
    actors::cell_note note;
    note.backend = "chat";
    note.place = 5;
    note.cell = id;
    note.state = state;
    note.why = 7;
    note.found = now;
    note.until = state == circuit::open ? now + left.count() : 0;
    caf::anon_send(cluster_, note);
  }
  /// Who else there is, as it was told last.
  actors::gpu_peers peers() {
    std::lock_guard guard{mutex_};
    return peers_;
  }
  std::vector<actors::peer_gpu> cards() {
    std::lock_guard guard{mutex_};
    return cards_;
  }
  std::vector<actors::peer_cell> cells() {
    std::lock_guard guard{mutex_};
    return cells_;
  }

  std::vector<arrived_line> lines() {
    std::lock_guard guard{mutex_};
    return lines_;
  }
  /// Numbers of the lines of that origin, as they came.
  std::vector<std::uint64_t> numbers(std::uint64_t origin) {
    std::vector<std::uint64_t> result;
    for (const auto& one : lines())
      if (one.line.origin == origin)
        result.push_back(one.line.number);
    return result;
  }
  std::vector<peer_note> notes() {
    std::lock_guard guard{mutex_};
    return notes_;
  }
  std::string reports() {
    std::lock_guard guard{mutex_};
    std::string result;
    for (const auto& one : reports_)
      result += one + "\n";
    return result;
  }

  std::atomic<std::size_t> sent{0};
  std::atomic<std::size_t> received{0};
  std::atomic<std::size_t> dropped{0};

private:
  void take(const std::vector<feed_event>& lines) {
    const auto now = now_us();
    std::lock_guard guard{mutex_};
    for (const auto& line : lines) {
      lines_.push_back({line, now - line.time_us});
      how_.on_line(lines_.back());
    }
  }

  replica_options how_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  actors::terminal_feed_actor feed_;
  actors::peer_note_listener listener_;
  actors::cluster_actor cluster_;
  std::mutex mutex_;
  std::vector<arrived_line> lines_;
  std::vector<peer_note> notes_;
  std::vector<actors::peer_cell> cells_;
  std::vector<actors::peer_gpu> cards_;
  actors::gpu_peers peers_;
  std::vector<std::string> reports_;
  std::atomic<std::size_t> up_{0};
  std::uint64_t said_ = 0;
};

/// first, first + 1, …, last
inline std::vector<std::uint64_t> numbers_from(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> result;
  for (; first <= last; ++first)
    result.push_back(first);
  return result;
}

inline replica_options named(const std::string& instance, std::uint64_t origin,
                             std::vector<std::string> peers = {}) {
  replica_options how;
  how.instance = instance;
  how.origin = origin;
  how.settings.peers = std::move(peers);
  return how;
}

} // namespace synapse::test
