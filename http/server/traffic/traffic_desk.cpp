#include "http/server/traffic/traffic_desk.hpp"

#include "http/server/connection/connection.hpp"

#include <algorithm>

namespace synapse::server {

actors::traffic_desk_actor::behavior_type traffic_desk::make_behavior() {
  return {
      [this](actors::list_atom) { return list(); },
      [this](actors::cancel_atom, const std::string& id) { return cancel(id); },
  };
}

std::vector<actors::running_request> traffic_desk::list() {
  std::vector<actors::running_request> result;
  const auto now = net::io_thread::now();
  for (auto* one = owner_.connections; one; one = one->next()) {
    auto* request = one->current();
    if (request == nullptr)
      continue;
    const auto* route = request->matched();
    if (route != nullptr && !route->is_traffic)
      continue;
    actors::running_request entry;
    entry.id = request->id();
    entry.method = request->head().method;
    entry.path = request->path();
    entry.route = route == nullptr ? std::string{} : route->path;
    entry.backend = request->record().backend;
    entry.client = request->client_ip();
    entry.age_ms = (now - request->record().started) / 1'000'000;
    entry.bytes_in = one->bytes_in();
    entry.bytes_out = one->bytes_out();
    using phase = actors::running_request::phase;
    entry.state = request->begun()           ? phase::answering
                  : request->body_complete() ? phase::waiting
                                             : phase::receiving;
    result.push_back(std::move(entry));
  }
  const auto oldest_first = [](const auto& a, const auto& b) { return a.age_ms > b.age_ms; };
  std::sort(result.begin(), result.end(), oldest_first);
  if (result.size() > max_listed)
    result.resize(max_listed);
  return result;
}

/// All of that id: clients choose it, and may choose one twice.
bool traffic_desk::cancel(const std::string& id) {
  bool found = false;
  for (auto* one = owner_.connections; one; one = one->next())
    if (auto* request = one->current(); request != nullptr && request->id() == id) {
      request->actor().end(give_up::canceled);
      found = true;
    }
  return found;
}

} // namespace synapse::server
