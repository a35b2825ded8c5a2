#pragma once

#include "backends/server/exchange.hpp"

#include <deque>

namespace synapse::backends {

/// Lets one exchange in at a time, in the order they came. Used on the host's thread only.
class turnstile {
public:
  /// Waits until it is free and the others before have had their turn.
  /// @returns false if the client left meanwhile; then it was not entered.
  asio::awaitable<bool> enter(exchange& who);

  /// Ends the turn of the one inside.
  void leave();

  bool occupied() const { return occupied_; }

private:
  void wake_first();

  std::deque<exchange*> waiting_;
  bool occupied_ = false;
};

/// Leaves the turnstile at the end of its scope, or before.
class turnstile_pass {
public:
  explicit turnstile_pass(turnstile& at) : at_(&at) {}
  ~turnstile_pass() { end(); }
  turnstile_pass(const turnstile_pass&) = delete;
  turnstile_pass& operator=(const turnstile_pass&) = delete;

  void end() {
    if (at_)
      at_->leave();
    at_ = nullptr;
  }

private:
  turnstile* at_;
};

} // namespace synapse::backends
