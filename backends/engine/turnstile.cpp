#include "backends/engine/turnstile.hpp"

#include <algorithm>

namespace synapse::backends {

asio::awaitable<bool> turnstile::enter(exchange& who) {
  if (!occupied() && waiting_.empty() && !who.gone()) {
    ++inside_;
    co_return true;
  }
  waiting_.push_back(&who);
  while (!who.gone() && (occupied() || waiting_.front() != &who))
    co_await who.pause_until(exchange::clock::time_point::max());
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &who));
  if (who.gone()) {
    wake_first();
    co_return false;
  }
  ++inside_;
  wake_first();
  co_return true;
}

void turnstile::leave() {
  --inside_;
  wake_first();
}

void turnstile::wake_first() {
  if (!occupied() && !waiting_.empty())
    waiting_.front()->wake();
}

void turnstile::wake_all() {
  for (auto* each : waiting_)
    each->wake();
}

} // namespace synapse::backends
