/// @file
/// Buses between recording feeds, for tests against a real server.
#pragma once

#include "actors/feed/redis/redis_bus.hpp"
#include "tests/actors/feed/redis/redis_server.hpp"
#include "tests/support/waiting.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace synapse::feed_bus_test {

using namespace std::chrono_literals;
using support::wait_until;

/// Something that one thread adds to and another one looks at.
template <class T>
class record {
public:
  void add(T value) {
    const std::lock_guard guard{mutex_};
    all_.push_back(std::move(value));
  }
  std::vector<T> all() const {
    const std::lock_guard guard{mutex_};
    return all_;
  }
  std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return all_.size();
  }

private:
  mutable std::mutex mutex_;
  std::vector<T> all_;
};

inline std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct received_line {
  actors::feed_event event;
  std::int64_t at_us; ///< when the feed got it
};

/// A bus with its feed.
class replica {
public:
  replica(caf::actor_system& system, const std::string& url, std::uint64_t origin)
      : system_(system), parts(make_parts(url, origin)) {}
  ~replica() { end(); }
  replica(const replica&) = delete;
  replica& operator=(const replica&) = delete;

  /// `parts` may be changed before.
  void start() {
    feed_ = system_.spawn([lines = lines]() -> actors::terminal_feed_actor::behavior_type {
      return {
          [](actors::publish_atom) {},
          [lines](actors::bus_atom, const actors::feed_batch_ptr& batch) {
            for (const auto& one : *batch)
              lines->add({one, now_us()});
          },
          [](const actors::feed_desk_actor&) {},
          [](const actors::feed_bus_actor&) {},
      };
    });
    parts.feed = feed_;
    parts.stats = stats;
    parts.report = [reports = reports](telemetry::log_level, const std::string& text) {
      reports->add(text);
    };
    bus_ = actors::spawn_redis_bus(system_, parts);
    parts.feed = nullptr;
  }

  void end() {
    for (const auto& one : {caf::actor_cast<caf::actor>(bus_), caf::actor_cast<caf::actor>(feed_)})
      if (one)
        caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    bus_ = nullptr;
    feed_ = nullptr;
  }

  /// Publishes this many lines as one batch. @returns the number of the last one.
  std::uint64_t publish(std::size_t count = 1, const std::string& message = "message") {
    auto batch = std::make_shared<std::vector<actors::feed_event>>();
    for (std::size_t i = 0; i < count; ++i) {
      actors::feed_event event;
      event.instance = "replica-" + std::to_string(parts.origin);
      event.origin = parts.origin;
      event.number = ++number_;
      event.time_us = now_us();
      event.level = 1;
      event.source = "test";
      event.message = message;
      batch->push_back(std::move(event));
    }
    caf::anon_send(bus_, actors::feed_batch_ptr{std::move(batch)});
    return number_;
  }

  bool wait_connected() const {
    return wait_until([this] { return stats->connected.load(); });
  }
  bool wait_disconnected() const {
    return wait_until([this] { return !stats->connected.load(); });
  }
  bool wait_lines(std::size_t count) const {
    return wait_until([&] { return lines->size() >= count; });
  }
  bool has_line(std::uint64_t number) const {
    const auto all = lines->all();
    return std::any_of(all.begin(), all.end(),
                       [&](const received_line& one) { return one.event.number == number; });
  }
  std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> result;
    for (const auto& one : lines->all())
      result.push_back(one.event.number);
    return result;
  }
  std::size_t reports_with(const std::string& part) const {
    const auto all = reports->all();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(),
                      [&](const std::string& one) { return one.find(part) != std::string::npos; }));
  }

private:
  static actors::redis_bus_parts make_parts(const std::string& url, std::uint64_t origin) {
    const auto parsed = config::parse_redis_url(url);
    EXPECT_TRUE(parsed) << parsed.error;
    actors::redis_bus_parts parts;
    parts.url = *parsed;
    parts.channel = "synapse:test";
    parts.origin = origin;
    parts.limits.connect_timeout = support::patience;
    parts.limits.first_retry = 10ms;
    parts.limits.last_retry = 100ms;
    return parts;
  }

  caf::actor_system& system_;
  actors::feed_bus_actor bus_;
  actors::terminal_feed_actor feed_;
  std::uint64_t number_ = 0;

public:
  actors::redis_bus_parts parts;
  std::shared_ptr<record<received_line>> lines = std::make_shared<record<received_line>>();
  std::shared_ptr<record<std::string>> reports = std::make_shared<record<std::string>>();
  std::shared_ptr<actors::feed_bus_stats> stats = std::make_shared<actors::feed_bus_stats>();
};

/// 1, 2, … last
inline std::vector<std::uint64_t> up_to(std::uint64_t last) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 1; i <= last; ++i)
    all.push_back(i);
  return all;
}

/// An actor system like the gateway's, with one worker.
struct bus_bed : testing::Test {
  struct one_worker : caf::actor_system_config {
    one_worker() {
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", std::size_t{1});
    }
  };
  one_worker config;
  caf::actor_system system{config};
};

} // namespace synapse::feed_bus_test
