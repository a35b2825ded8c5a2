/// @file
/// Asking the voice library from a handler.
#pragma once

#include "actors/protocol/error.hpp"
#include "http/api/request/await_answer.hpp"
#include "http/api/request/refusal.hpp"
#include "http/proxy/deadlines.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

namespace synapse::api {

/// For a disk under load, and for a library that is just being restarted.
inline constexpr net::time_ns library_patience = 120'000'000'000;

/// Null when the voice library has never been started.
inline const actors::voice_library_actor& library_of(server::exchange& exchange) {
  return exchange.routes()->snapshot->voices;
}

/// What an error of the library means for a client.
/// @param voice that was asked for, which a 404 names; empty: none.
refusal refusal_of(const caf::error& error, std::string_view voice);
/// 404. @param reason why it cannot be used although there is one; empty: there is none.
refusal no_such_voice(std::string_view voice, std::string_view reason = {});

/// For questions that change nothing: the library answers them from memory.
inline constexpr net::time_ns lookup_patience = 5'000'000'000;

/// Waits even for a client that has left: what the library has begun has to be known. Only a lookup
/// is given up with its client. @param deadline of the request; 0: it has none
/// @returns `done` when there is an answer in time
template <class Reply>
net::task<wait_end> library_answers(server::exchange& exchange, actors::question<Reply>& question,
                                    bool lookup = false, net::time_ns deadline = 0) {
  wait_rules rules;
  rules.due = proxy::sooner(net::io_thread::now() + (lookup ? lookup_patience : library_patience),
                            deadline);
  rules.also_departed = !lookup;
  return await_answer(exchange, question, rules);
}

/// @param voice that was asked for; empty: none.
/// @returns whether the library answered well; otherwise the client has its answer.
template <class Reply>
net::task<bool> library_answered(server::exchange& exchange, actors::question<Reply>& question,
                                 std::string voice = {}, bool lookup = false) {
  refusal why{http::response_detail::draining, "the voice library does not answer", {}};
  if (co_await library_answers(exchange, question, lookup) == wait_end::done) {
    if (question.answer())
      co_return true;
    why = refusal_of(question.answer().error(), voice);
  }
  co_await refuse(exchange, std::move(why));
  co_return false;
}

} // namespace synapse::api
