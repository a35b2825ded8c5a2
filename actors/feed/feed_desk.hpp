/// @file
/// A thread's part of the terminal feed: the latest lines, and who looks at them.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::client {

class feed_desk;

/// Which lines a viewer wants.
struct feed_filter {
  std::uint8_t level = 0;           ///< telemetry::log_level; lower ones are left out
  std::vector<std::string> sources; ///< empty: all

  bool wants(const actors::feed_line& line) const noexcept;
};

/// One viewer: the lines it has not been sent yet, bounded in number. Own thread of its desk only.
/// Memory for lines is there only while some wait.
class feed_viewer {
public:
  /// @param desk outlives this. @param wake notified when lines have come.
  /// @param after lines up to this position are not offered: they have been seen.
  feed_viewer(feed_desk& desk, feed_filter filter, std::size_t max_lines, net::wake_ptr wake,
              std::uint64_t after = 0);
  feed_viewer(const feed_viewer&) = delete;
  feed_viewer& operator=(const feed_viewer&) = delete;
  ~feed_viewer();

  const feed_filter& filter() const noexcept { return filter_; }
  bool empty() const noexcept { return count_ == 0 && dropped_ == 0; }
  /// Moves up to `max` of the oldest lines to `out`.
  void take(std::vector<actors::feed_line_ptr>& out, std::size_t max);
  /// Lines that gave way to newer ones since the last call: those came before what is in the queue.
  std::uint64_t take_dropped() noexcept { return std::exchange(dropped_, 0); }

private:
  friend class feed_desk;
  void offer(const actors::feed_line_ptr& line);

  feed_desk& desk_;
  actors::feed_desk_actor keep_; ///< the desk may have been told to end
  std::uint64_t after_;
  feed_filter filter_;
  std::size_t max_lines_;
  net::wake_ptr wake_;
  std::vector<actors::feed_line_ptr> ring_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t dropped_ = 0;
  std::size_t place_ = 0; ///< in the desk's list
};

/// Pinned to its thread. All calls there, while its handle is held.
class feed_desk : public actors::pinned<actors::feed_desk_actor::base> {
public:
  /// @param ring_lines so many of the latest lines are kept for viewers that come.
  feed_desk(caf::actor_config& config, actors::io_unit& unit, std::size_t ring_lines);

  actors::feed_desk_actor::behavior_type make_behavior() override;
  const char* name() const override { return "feed_desk"; }

  /// The lines kept, oldest first; their positions have no gaps.
  const std::deque<actors::feed_line_ptr>& ring() const noexcept { return ring_; }
  std::size_t viewers() const noexcept { return viewers_.size(); }

  /// The object behind a handle. On its thread only, valid while the handle is held.
  static feed_desk& behind(const actors::feed_desk_actor& handle);

private:
  friend class feed_viewer;
  void on_lines(const std::vector<actors::feed_line_ptr>& lines);

  std::size_t ring_lines_;
  std::deque<actors::feed_line_ptr> ring_;
  std::vector<feed_viewer*> viewers_;
};

} // namespace synapse::client
