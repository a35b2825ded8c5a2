#include "actors/feed/redis/redis_bus.hpp"

#include "actors/feed/feed_wire.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <unordered_set>
#include <utility>
#include <vector>

namespace synapse::actors {

namespace {

using telemetry::log_level;

/// Origins whose version was complained about; who makes up more of them gets no answer.
constexpr std::size_t most_complaints = 100;

/// What comes from the link, all on its thread: lines become batches, changes become texts.
class bus_reader {
public:
  explicit bus_reader(const redis_bus_parts& parts)
      : server_(config::describe(parts.url)), channel_(parts.channel), origin_(parts.origin),
        unread_limit_(parts.unread_lines), feed_(parts.feed), report_(parts.report),
        stats_(parts.stats) {}

  void on_message(const redis_reply& message) {
    auto read = message.too_long ? too_long() : decode_feed_event(message.text);
    switch (read.fault) {
    case feed_wire_fault::none:
      if (read.event.origin != origin_)
        batch_.push_back(std::move(read.event));
      break;
    case feed_wire_fault::garbage:
      count(stats_->garbage);
      break;
    case feed_wire_fault::oversize:
      count(stats_->oversize);
      break;
    case feed_wire_fault::other_version:
      count(stats_->other_versions);
      complain_of_version(read);
      break;
    }
  }

  void hand_over() {
    if (batch_.empty())
      return;
    const auto size = batch_.size();
    if (unread_->load() + size > unread_limit_) {
      count(stats_->overflowed, size);
      batch_.clear();
      return;
    }
    // The feed's mailbox has no end; who holds the batch is counted instead.
    unread_->fetch_add(size);
    const auto free = [unread = unread_](const std::vector<feed_event>* batch) {
      unread->fetch_sub(batch->size());
      delete batch;
    };
    feed_batch_ptr batch{new std::vector<feed_event>(std::move(batch_)), free};
    batch_.clear();
    caf::anon_send(feed_, bus_atom::value, std::move(batch));
    count(stats_->received, size);
  }

  void on_connected() {
    report_(log_level::info, "connected to Redis at " + server_ + ", channel " + channel_);
    told_lost_ = told_refused_ = false;
  }

  void on_lost(const redis_fault& fault) {
    hand_over(); // what came just before the end
    // Attempts that fail one after the other are one change; that it is now refused is another.
    if (told_lost_ && (told_refused_ || !fault.refused))
      return;
    told_lost_ = true;
    told_refused_ = told_refused_ || fault.refused;
    report_(log_level::warning, "no connection to Redis at " + server_ + ": " + fault.why +
                                    "; it is tried again and again");
  }

  void on_dropped(std::uint64_t lines) {
    report_(log_level::warning, std::to_string(lines) +
                                    " lines did not get to other replicas: Redis "
                                    "at " +
                                    server_ + " was away, too slow, or refused them");
  }

  void on_refused(const std::string& why) {
    report_(log_level::warning, "Redis at " + server_ + " refuses lines: " + why);
  }

private:
  static decoded_feed_event too_long() {
    decoded_feed_event result;
    result.fault = feed_wire_fault::oversize;
    return result;
  }

  static void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
  }

  void complain_of_version(const decoded_feed_event& read) {
    const auto origin = read.event.origin;
    if (origin == origin_ || complaints_.size() >= most_complaints ||
        !complaints_.insert(origin).second)
      return;
    report_(log_level::warning, "a replica on channel " + channel_ + " speaks version " +
                                    std::to_string(read.version) +
                                    " of the feed's messages, and this one version " +
                                    std::to_string(feed_wire_version) + ": its lines are left out");
  }

  const std::string server_;
  const std::string channel_;
  const std::uint64_t origin_;
  const std::size_t unread_limit_;
  const terminal_feed_actor feed_;
  const std::function<void(log_level, const std::string&)> report_;
  const std::shared_ptr<feed_bus_stats> stats_;
  const std::shared_ptr<std::atomic<std::size_t>> unread_ =
      std::make_shared<std::atomic<std::size_t>>(0); ///< lines of batches that somebody holds
  std::vector<feed_event> batch_;
  std::unordered_set<std::uint64_t> complaints_;
  bool told_lost_ = false;
  bool told_refused_ = false;
};

std::unique_ptr<redis_link> make_link(redis_bus_parts parts) {
  if (!parts.stats)
    parts.stats = std::make_shared<feed_bus_stats>();
  const auto reader = std::make_shared<bus_reader>(parts);
  redis_link_parts link;
  link.url = std::move(parts.url);
  link.channel = std::move(parts.channel);
  link.ca_file = std::move(parts.ca_file);
  link.limits = parts.limits;
  link.stats = std::move(parts.stats);
  link.lookup = std::move(parts.lookup);
  link.callbacks.message = [reader](const redis_reply& message) { reader->on_message(message); };
  link.callbacks.pause = [reader] { reader->hand_over(); };
  link.callbacks.connected = [reader] { reader->on_connected(); };
  link.callbacks.lost = [reader](const redis_fault& fault) { reader->on_lost(fault); };
  link.callbacks.dropped = [reader](std::uint64_t lines) { reader->on_dropped(lines); };
  link.callbacks.refused = [reader](const std::string& why) { reader->on_refused(why); };
  return std::make_unique<redis_link>(std::move(link));
}

/// Hands lines to the link's queue and does nothing else, so it never waits.
class redis_bus : public feed_bus_actor::base {
public:
  redis_bus(caf::actor_config& config, redis_bus_parts parts)
      : feed_bus_actor::base(config), link_(make_link(std::move(parts))) {}
  const char* name() const override { return "redis_bus"; }

  // The link holds the feed, which holds us.
  void on_exit() override { link_.reset(); }

  feed_bus_actor::behavior_type make_behavior() override {
    return {[this](const feed_batch_ptr& batch) { link_->publish(batch); }};
  }

private:
  std::unique_ptr<redis_link> link_;
};

} // namespace

feed_bus_actor spawn_redis_bus(caf::actor_system& system, redis_bus_parts parts) {
  return system.spawn<redis_bus>(std::move(parts));
}

} // namespace synapse::actors
