/// @file
/// Waiting for a turn that a desk's actor gives out: a model that is loaded, a backend that wakes.
#pragma once

#include "http/api/request/await_answer.hpp"

#include <caf/send.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace synapse::api {

/// Whatever ends the wait without an answer, the desk is told: a use that nobody ends would be held
/// for ever. @tparam Abandoned the message, made of the request's number
template <class Desk, class Abandoned>
class unanswered_request {
public:
  unanswered_request(Desk desk, std::uint64_t request)
      : desk_(std::move(desk)), request_(request) {}
  unanswered_request(const unanswered_request&) = delete;
  unanswered_request& operator=(const unanswered_request&) = delete;
  ~unanswered_request() {
    if (armed_)
      caf::anon_send(desk_, Abandoned(request_));
  }

  void has_answer() noexcept { armed_ = false; }

private:
  Desk desk_;
  std::uint64_t request_;
  bool armed_ = true;
};

/// How a client is told that its request still waits.
struct wait_comments {
  net::time_ns every = 0; ///< 0: not at all
  std::function<std::string()> text;
  /// Whose `response_extra` goes with the head, which the first comment brings along; null:
  /// nobody's.
  const client::backend_site* site = nullptr;
};

/// @param stream the client reads events. @returns how often it gets a comment, 0: never
net::time_ns comment_interval(server::exchange& exchange, bool stream);

/// Waits until `done()`; a client that leaves meanwhile, or does not read its comments, is noted as
/// gone. @param due at the latest, 0: as long as it takes
net::task<wait_end> wait_with_comments(server::exchange& exchange, std::function<bool()> done,
                                       net::time_ns due, wait_comments comments);

} // namespace synapse::api
