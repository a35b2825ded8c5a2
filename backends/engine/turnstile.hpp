#pragma once

#include "backends/server/exchange.hpp"

#include <cstddef>
#include <deque>

namespace synapse::backends {

/// Lets one exchange in at a time (or some), in the order they came. Used on the host's thread
/// only.
class turnstile {
public:
  /// @param places how many may be inside at a time
  explicit turnstile(std::size_t places = 1) : places_(places) {}

  /// Waits until it is free and the others before have had their turn.
  /// @returns false if the client left meanwhile; then it was not entered.
  asio::awaitable<bool> enter(exchange& who);

  /// Ends the turn of one that is inside.
  void leave();

  bool occupied() const { return inside_ >= places_; }
  std::size_t inside() const { return inside_; }
  std::size_t waiting() const { return waiting_.size(); }

  /// Lets those who wait look again, e.g. whether they are to give up.
  void wake_all();

private:
  void wake_first();

  std::deque<exchange*> waiting_;
  std::size_t places_;
  std::size_t inside_ = 0;
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
