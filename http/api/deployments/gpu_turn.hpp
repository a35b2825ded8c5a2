/// @file
/// A request's turn with a backend that shares a graphics card.
#pragma once

#include "actors/gpus/gpu_desk.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

#include <string>

namespace synapse::api {

/// As long as it is held, the backend is not put to sleep. On the exchange's thread.
class gpu_turn {
public:
  /// @param site of a backend on a card that is managed.
  gpu_turn(server::exchange& exchange, client::site_ptr site);
  gpu_turn(const gpu_turn&) = delete;
  gpu_turn& operator=(const gpu_turn&) = delete;
  ~gpu_turn() { end(); }

  /// Of a backend that is awake, as most are.
  bool take_at_once();
  enum class outcome {
    granted,
    denied, ///< see `why_not`
    late,   ///< it is not awake yet
    gone,   ///< the client has left
  };
  /// Has it woken. @param due when to stop waiting, 0: as long as the card's rules allow
  /// @param streams the client reads events: it gets comments meanwhile
  net::task<outcome> take(net::time_ns due, bool streams);
  /// After `denied`, for people.
  const std::string& why_not() const noexcept { return why_not_; }
  void end();

private:
  server::exchange& ex_;
  client::site_ptr site_;
  std::string why_not_;
  bool held_ = false;
};

} // namespace synapse::api
