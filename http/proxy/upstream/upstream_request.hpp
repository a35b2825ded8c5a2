/// @file
/// A request to a backend: a connection, the request on it, the head of the answer, and the
/// answer's body for whoever relays it. An attempt has two if its first connection, a kept one, was
/// stale.
#pragma once

#include "http/client/answer_body.hpp"
#include "http/client/head_reader.hpp"
#include "http/client/upstream_pool.hpp"
#include "http/core/replay.hpp"
#include "http/proxy/call.hpp"
#include "http/proxy/upstream/permit_slot.hpp"
#include "http/proxy/upstream/request_body.hpp"

#include <optional>
#include <string>

namespace synapse::proxy {

/// Has one life: `send`, then a relay reads the answer and says how it ended. Whatever happens, the
/// connection is given back or closed at its end. On the exchange's thread.
class upstream_request {
public:
  /// @param begun when the attempt began, which may have been over another connection: the clock of
  /// `timeouts.total`.
  upstream_request(call& of, permit_slot& permit, request_body& body, net::time_ns begun);
  upstream_request(const upstream_request&) = delete;
  upstream_request& operator=(const upstream_request&) = delete;
  ~upstream_request() { drop(); }

  /// Connects, writes the request and reads the head of a final answer.
  /// @param may_reuse a kept connection will do.
  net::task<step> send(bool may_reuse);
  /// After a failed `send`: what has become of the request, for the retry policy.
  http::lost_request lost() const noexcept;

  // ---- the answer ----
  http::response_head& answer() noexcept { return answer_; }
  client::upstream_connection& connection() noexcept { return *connection_; }
  client::answer_body& body() noexcept { return body_; }
  /// Moves what has arrived of the body to the end of `into`. @returns true if there was anything.
  bool take(std::string& into) { return body_.take(*connection_, into); }
  /// When the request had gone out.
  net::time_ns sent_at() const noexcept { return sent_at_; }

  // ---- waiting for more of it ----
  /// The clock that has run out, if any. @param answering the backend has shown that it lives.
  std::optional<mishap> overdue(bool answering) const noexcept;
  /// Until more has come, something else has changed, or a clock may have run out. @param due of a
  /// further one, 0: none
  waiting more(net::time_ns due = 0);

  // ---- its end ----
  /// The answer was read to its end, or as far as anybody wants: keeps the connection if it can
  /// carry another request.
  void release();
  void drop();
  /// A good end: the permit goes back with the best report. After `release` or `drop`.
  void answered_well();
  /// The same for an answer that was collected: whose it is decides what the lane hears.
  void answered_by(const collected_answer& what);
  /// Another one, for an answer that has begun.
  void answered_badly(const mishap_row& row);
  /// The head is out: all that is left is an end that nobody takes for a good one.
  step cut_off(mishap what);
  /// The client has gone.
  step leave(telemetry::request_phase phase);
  /// The permit is not needed while the client reads on.
  void free_permit() { permit_.give_back(actors::attempt_result::ok); }
  /// Takes the connection out of this object's hands.
  client::connection_ptr take_connection() { return std::move(connection_); }

private:
  bool may_be_proxys() const noexcept;
  bool has_whole_request() const noexcept { return !call_.streams_body || source_.read(); }
  net::task<step> open();
  bool write_request();
  net::task<step> finish_request();
  net::task<step> pump_body();
  net::task<step> refuse_body(http::response_detail detail);
  bool answered_early();
  net::task<step> read_head();
  std::optional<step> take_head(client::head_reader& reader);
  net::time_ns sending_due() const noexcept;
  net::time_ns total_due() const noexcept;
  bool past_deadline() const noexcept;
  mishap late_silent(mishap usual) const noexcept;
  net::time_ns silence_due() const noexcept;

  call& call_;
  permit_slot& permit_;
  request_body& source_;
  client::connection_ptr connection_;
  http::response_head& answer_; ///< in the exchange's scratch
  client::answer_body body_;
  net::time_ns attempt_due_; ///< of `timeouts.total`; 0: none
  net::time_ns sent_at_ = 0;
  bool sent_whole_ = false; ///< all of the request was handed to the kernel
};

} // namespace synapse::proxy
