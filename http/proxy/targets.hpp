/// @file
/// Where a request may go besides the backend that it was sent to first.
#pragma once

#include "actors/protocol/permit_messages.hpp"
#include "http/core/replay.hpp"
#include "http/net/task.hpp"
#include "http/proxy/failure.hpp"
#include "http/proxy/translation.hpp"
#include "http/sites/thread_routes.hpp"

#include <cstdint>
#include <string>

namespace synapse::proxy {

struct forward_options;

/// What came back from a target, and may only mean that it has not got what the request is about.
struct miss {
  /// A small answer with a 4xx or 5xx status; null: there was none.
  const collected_answer* answer = nullptr;
  /// Without an answer: the backend could not be reached, or let go of the connection before it had
  /// the whole request. It may be sent again.
  bool unreachable = false;
  // ---- for targets that decide about every failure ----
  /// Why there is no answer; null: there was no attempt.
  const failure* failed = nullptr;
  /// What has become of the request then.
  http::lost_request lost;
  /// The lane has granted nothing, for this reason.
  actors::deny_reason denied = actors::deny_reason::none;
  std::uint32_t retry_after_ms = 0; ///< of that
};

/// How the client's answer has ended.
struct answer_end {
  /// What was wrong behind its beginning; null: nothing.
  const mishap_row* badly = nullptr;
  /// Nanoseconds from the request, when it had gone out, to the first content of a stream, or to
  /// the head of another answer; 0: there was none.
  net::time_ns first_content = 0;
};

enum class onward : std::uint8_t {
  target, ///< `site` is where the request goes next; it may be the same one as before
  none,   ///< what came back is the client's answer
  ended,  ///< the client has its answer, or has left
};

/// The targets of one request, one after the other. On the exchange's thread; outlives the
/// forwarder.
class targets {
public:
  targets() = default;
  targets(const targets&) = delete;
  targets& operator=(const targets&) = delete;
  virtual ~targets() = default;

  /// The present one. Never null once there was a first.
  virtual const client::site_ptr& site() const noexcept = 0;
  /// What it gets instead of the client's own body; null: that body.
  virtual const std::string* body() = 0;
  /// Whether there is another one after this miss; waits for it if need be.
  virtual net::task<onward> after(miss what) = 0;

  /// Every failure and every denied permit is told to `after`, which decides alone what follows;
  /// false: only what may mean that a target has not got what is asked for, when the backend's own
  /// retry policy has no more to say.
  virtual bool decide() const noexcept { return false; }
  /// What is special about the present one, before its first attempt.
  virtual void prepare(forward_options& /*options*/) {}
  /// Whether such an answer is of a proxy before the present one's backend: then it counts as one
  /// that was not reached.
  virtual bool is_proxys(const collected_answer& /*what*/) const { return false; }
  /// An attempt at the present one begins. @param cell_probe it is the one that its cell lets try
  virtual void begun(bool /*cell_probe*/) {}
  /// The present one's answer is the client's. Without a call the client has left.
  virtual void answered(const answer_end& /*how*/) {}
};

} // namespace synapse::proxy
