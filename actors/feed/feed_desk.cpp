#include "actors/feed/feed_desk.hpp"

#include <algorithm>
#include <utility>

namespace synapse::client {

using actors::feed_line_ptr;

bool feed_filter::wants(const actors::feed_line& line) const noexcept {
  return line.level >= level && (sources.empty() || std::find(sources.begin(), sources.end(),
                                                              line.source) != sources.end());
}

feed_viewer::feed_viewer(feed_desk& desk, feed_filter filter, std::size_t max_lines,
                         net::wake_ptr wake, std::uint64_t after)
    : desk_(desk), keep_(caf::actor_cast<actors::feed_desk_actor>(&desk)), after_(after),
      filter_(std::move(filter)), max_lines_(std::max<std::size_t>(max_lines, 1)),
      wake_(std::move(wake)), place_(desk.viewers_.size()) {
  desk_.viewers_.push_back(this);
}

feed_viewer::~feed_viewer() {
  auto& all = desk_.viewers_;
  all[place_] = all.back();
  all[place_]->place_ = place_;
  all.pop_back();
}

void feed_viewer::offer(const feed_line_ptr& line) {
  if (line->position <= after_ || !filter_.wants(*line))
    return;
  if (count_ == max_lines_) {
    ring_[first_] = line;
    first_ = (first_ + 1) % max_lines_;
    ++dropped_;
    return;
  }
  // Until it has been full once the queue grows at its end only; `take` leaves it unwound.
  if (ring_.size() < max_lines_ && first_ + count_ == ring_.size())
    ring_.push_back(line);
  else
    ring_[(first_ + count_) % ring_.size()] = line;
  ++count_;
  if (count_ == 1)
    desk_.unit().defer(wake_);
}

void feed_viewer::take(std::vector<feed_line_ptr>& out, std::size_t max) {
  for (; max > 0 && count_ > 0; --max, --count_) {
    out.push_back(std::move(ring_[first_]));
    first_ = (first_ + 1) % ring_.size();
  }
  if (count_ == 0) {
    first_ = 0;
    std::vector<feed_line_ptr>{}.swap(ring_);
  }
}

feed_desk::feed_desk(caf::actor_config& config, actors::io_unit& unit, std::size_t ring_lines)
    : pinned(config, unit), ring_lines_(ring_lines) {}

feed_desk& feed_desk::behind(const actors::feed_desk_actor& handle) {
  return *static_cast<feed_desk*>(caf::actor_cast<caf::abstract_actor*>(handle));
}

actors::feed_desk_actor::behavior_type feed_desk::make_behavior() {
  return {[this](const actors::feed_lines_ptr& lines) { on_lines(*lines); }};
}

void feed_desk::on_lines(const std::vector<feed_line_ptr>& lines) {
  for (const auto& line : lines) {
    ring_.push_back(line);
    if (ring_.size() > ring_lines_)
      ring_.pop_front();
    for (auto* viewer : viewers_)
      viewer->offer(line);
  }
}

} // namespace synapse::client
