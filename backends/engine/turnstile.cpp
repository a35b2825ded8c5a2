#include "backends/engine/turnstile.hpp"

#include <algorithm>

namespace synapse::backends {

asio::awaitable<bool> turnstile::enter(exchange& who) {
  if (!occupied_ && waiting_.empty() && !who.gone()) {
    occupied_ = true;
    co_return true;
  }
  waiting_.push_back(&who);
  while (!who.gone() && (occupied_ || waiting_.front() != &who))
    co_await who.pause_until(exchange::clock::time_point::max());
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &who));
  if (who.gone()) {
    wake_first();
    co_return false;
  }
  occupied_ = true;
  co_return true;
}

void turnstile::leave() {
  occupied_ = false;
  wake_first();
}

void turnstile::wake_first() {
  if (!occupied_ && !waiting_.empty())
    waiting_.front()->wake();
}

} // namespace synapse::backends
