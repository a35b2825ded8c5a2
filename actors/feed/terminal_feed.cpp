#include "actors/feed/terminal_feed.hpp"

#include "actors/feed/feed_text.hpp"
#include "actors/feed/known_origins.hpp"
#include "telemetry/log_redactor.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace synapse::actors {

namespace {

/// Owns the last lines. Talks to the DESKS and to the BUS.
class terminal_feed : public terminal_feed_actor::base {
public:
  terminal_feed(caf::actor_config& config, terminal_feed_parts parts)
      : terminal_feed_actor::base(config), parts_(std::move(parts)),
        redactor_(parts_.redact_extra_patterns) {}
  const char* name() const override { return "terminal_feed"; }

  void on_exit() override {
    parts_.inbox->close();
    desks_.clear();
    bus_ = nullptr;
  }

  terminal_feed_actor::behavior_type make_behavior() override {
    wake_for_own_lines();
    return {
        [this](publish_atom) { on_own_lines(); },
        [this](bus_atom, const feed_batch_ptr& batch) { on_bus(*batch); },
        [this](const feed_desk_actor& desk) { on_desk(desk); },
        [this](const feed_bus_actor& bus) { bus_ = bus; },
    };
  }

private:
  // ---- lines come ----

  void wake_for_own_lines() {
    parts_.inbox->on_first_line([weak = caf::actor_cast<caf::weak_actor_ptr>(
                                     caf::actor_cast<caf::strong_actor_ptr>(this))] {
      if (auto self = weak.lock())
        caf::anon_send(caf::actor_cast<terminal_feed_actor>(self), publish_atom::value);
    });
  }

  void on_own_lines() {
    auto events = parts_.inbox->take();
    if (events.empty())
      return;
    std::vector<feed_line_ptr> lines;
    lines.reserve(events.size());
    for (auto& event : events) {
      event.instance = parts_.instance;
      event.origin = parts_.origin;
      event.number = ++last_number_;
      if (event.source == feed::feed_inbox::access_source)
        event.message = redactor_.redact(event.message); // the log's own lines have been through it
      feed::cut_line(event.message, parts_.max_line_chars);
      lines.push_back(append(event));
    }
    tell(lines);
    if (bus_)
      send(bus_,
           feed_batch_ptr{std::make_shared<const std::vector<feed_event>>(std::move(events))});
  }

  void on_bus(const std::vector<feed_event>& events) {
    std::vector<feed_line_ptr> lines;
    for (const auto& event : events) {
      if (event.origin == parts_.origin || !origins_.is_new(event.origin, event.number))
        continue;
      auto checked = event;
      feed::sanitize(checked, redactor_, parts_.max_line_chars);
      lines.push_back(append(checked));
    }
    if (!lines.empty())
      tell(lines);
  }

  feed_line_ptr append(const feed_event& event) {
    auto line = std::make_shared<feed_line>();
    line->position = ++last_position_;
    line->time_us = event.time_us;
    line->level = event.level;
    line->source = event.source;
    line->event =
        feed::render_event(event, feed::event_id(parts_.origin, line->position, event.time_us));
    ring_.push_back(line);
    if (ring_.size() > parts_.ring_lines)
      ring_.pop_front();
    return line;
  }

  // ---- desks show them ----

  void on_desk(const feed_desk_actor& desk) {
    desks_.push_back(desk);
    if (!ring_.empty())
      send(desk, feed_lines_ptr{std::make_shared<const std::vector<feed_line_ptr>>(ring_.begin(),
                                                                                   ring_.end())});
  }

  /// In pieces: a desk with thousands of viewers serves requests between them.
  void tell(const std::vector<feed_line_ptr>& lines) {
    constexpr std::size_t piece = 128;
    for (std::size_t at = 0; at < lines.size(); at += piece) {
      const auto begin = lines.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end = begin + static_cast<std::ptrdiff_t>(std::min(piece, lines.size() - at));
      const feed_lines_ptr shared = std::make_shared<const std::vector<feed_line_ptr>>(begin, end);
      for (const auto& desk : desks_)
        send(desk, shared);
    }
  }

  terminal_feed_parts parts_;
  telemetry::log_redactor redactor_;
  feed::known_origins origins_;
  std::deque<feed_line_ptr> ring_;
  std::vector<feed_desk_actor> desks_;
  feed_bus_actor bus_;
  std::uint64_t last_number_ = 0;   ///< of this process's own lines
  std::uint64_t last_position_ = 0; ///< of all lines
};

} // namespace

terminal_feed_actor spawn_terminal_feed(caf::actor_system& system, terminal_feed_parts parts) {
  return system.spawn<terminal_feed>(std::move(parts));
}

} // namespace synapse::actors
