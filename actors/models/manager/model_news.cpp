#include "actors/models/manager/model_news.hpp"

#include <iterator>
#include <utility>

namespace synapse::actors {

void model_news::told(bool load, const std::string& model, time_ns now) {
  if (load)
    asked_.try_emplace(model, now);
  else
    asked_.erase(model);
}

void model_news::load_failed(const std::string& model, const std::string& why) {
  asked_.erase(model);
  events_.load_failed(model, why);
}

void model_news::compare(const models::schedule& turns, time_ns now) {
  const auto& known = turns.known();
  if (known)
    for (const auto& [name, model] : known->models)
      compare_one(turns, name, now);
  for (auto model = ready_.begin(); model != ready_.end();) {
    const bool listed = known && known->models.contains(*model);
    if (!listed)
      events_.unloaded(*model);
    model = listed ? std::next(model) : ready_.erase(model);
  }
}

void model_news::compare_one(const models::schedule& turns, const std::string& model, time_ns now) {
  const bool open = turns.turn_of(model).open;
  const bool was = ready_.contains(model);
  if (open && !was) {
    ready_.insert(model);
    const auto since = asked_.extract(model);
    events_.loaded(model, since ? now - since.mapped() : 0);
  } else if (was && !turns.present(model)) {
    ready_.erase(model);
    events_.unloaded(model);
  }
}

void model_news::waiting(std::size_t requests) {
  if (std::exchange(told_waiting_, requests) != requests)
    events_.waiting(requests);
}

void model_news::router_away(const std::string& why) {
  if (!std::exchange(away_, true))
    events_.reachable(why);
}

bool model_news::router_answers() {
  if (!std::exchange(away_, false))
    return false;
  events_.reachable({});
  return true;
}

} // namespace synapse::actors
