#include "backends/ollama/scheduler.hpp"

#include <algorithm>

namespace synapse::backends {

void ollama_scheduler::expire(time_point now) {
  std::erase_if(residents_, [&](const auto& each) {
    return each.second.users == 0 && now >= each.second.expires && now >= each.second.ready &&
           !waiting_.contains(each.first);
  });
}

bool ollama_scheduler::make_room(time_point now) {
  if (residents_.size() < limits_.max_loaded)
    return true;
  auto oldest = residents_.end();
  for (auto at = residents_.begin(); at != residents_.end(); ++at) {
    bool idle = at->second.users == 0 && now >= at->second.ready && !waiting_.contains(at->first);
    if (idle && (oldest == residents_.end() || last_used_[at->first] < last_used_[oldest->first]))
      oldest = at;
  }
  if (oldest == residents_.end())
    return false;
  residents_.erase(oldest);
  return true;
}

ollama_scheduler::step ollama_scheduler::enter(const std::string& name, std::size_t num_ctx,
                                               time_point now) {
  expire(now);
  auto found = residents_.find(name);
  if (found != residents_.end() && found->second.num_ctx != num_ctx) {
    if (found->second.users > 0 || now < found->second.ready)
      return {false,
              std::max(now, found->second.ready) == now ? time_point::max() : found->second.ready};
    residents_.erase(found);
    found = residents_.end();
  }
  if (found == residents_.end()) {
    if (!make_room(now)) {
      auto again = time_point::max();
      for (const auto& [other, held] : residents_)
        if (held.ready > now)
          again = std::min(again, held.ready);
      return {false, again};
    }
    resident fresh;
    fresh.num_ctx = num_ctx;
    fresh.ready = now + limits_.load_time;
    fresh.expires = time_point::max(); // counted from the end of the first use
    found = residents_.emplace(name, fresh).first;
  }
  auto& model = found->second;
  if (now < model.ready)
    return {false, model.ready};
  if (model.users >= limits_.parallel)
    return {};
  ++model.users;
  return {true, now};
}

void ollama_scheduler::leave(const std::string& name, milliseconds keep, time_point now) {
  auto found = residents_.find(name);
  if (found == residents_.end())
    return;
  --found->second.users;
  last_used_[name] = now;
  found->second.expires = keep.count() < 0 ? time_point::max() : now + keep;
  expire(now);
}

void ollama_scheduler::unload(const std::string& name, time_point now) {
  auto found = residents_.find(name);
  if (found != residents_.end())
    found->second.expires = now;
  expire(now);
}

void ollama_scheduler::wait_ends(const std::string& name) {
  auto found = waiting_.find(name);
  if (found != waiting_.end() && --found->second == 0)
    waiting_.erase(found);
}

const std::map<std::string, ollama_scheduler::resident>& ollama_scheduler::loaded(time_point now) {
  expire(now);
  return residents_;
}

} // namespace synapse::backends
