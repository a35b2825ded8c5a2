/// @file
/// Waiting for something that others bring about, such as an actor's answer, while the client may
/// leave.
#pragma once

#include "actors/runtime/ask.hpp"
#include "http/net/io_thread.hpp"
#include "http/server/exchange/exchange.hpp"

namespace synapse::api {

struct wait_rules {
  net::time_ns due = 0;       ///< at the latest; 0: as long as it takes
  bool also_departed = false; ///< goes on when the client has left: what was begun has to be known
  bool is_upstream = true;    ///< the time is that of others, not the gateway's own
};

enum class wait_end {
  done,
  late, ///< it was due
  left, ///< by the client, or the exchange is given up for another reason
};

/// Waits until `done()`, which is looked at whenever the exchange is woken. On its thread.
template <class Done>
net::task<wait_end> wait_until(server::exchange& exchange, Done done, wait_rules rules) {
  const auto from = net::io_thread::now();
  auto end = wait_end::done;
  while (!done()) {
    if (rules.due != 0 && net::io_thread::now() >= rules.due)
      end = wait_end::late;
    else if (!rules.also_departed && exchange.given_up())
      end = wait_end::left;
    if (end != wait_end::done)
      break;
    exchange.alarm(rules.due);
    if (rules.also_departed)
      co_await exchange.wake()->wait();
    else
      co_await exchange.changed();
  }
  exchange.alarm(0);
  if (rules.is_upstream)
    exchange.record().upstream_ns += net::io_thread::now() - from;
  co_return end;
}

/// Waits for an actor's answer, which may be an error. @param question asked
template <class Reply>
net::task<wait_end> await_answer(server::exchange& exchange, actors::question<Reply>& question,
                                 wait_rules rules) {
  return wait_until(
      exchange, [&question] { return question.done(); }, rules);
}

} // namespace synapse::api
