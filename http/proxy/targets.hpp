/// @file
/// Where a request may go besides the backend that it was sent to first.
#pragma once

#include "http/net/task.hpp"
#include "http/proxy/translation.hpp"
#include "http/sites/thread_routes.hpp"

#include <cstdint>
#include <string>

namespace synapse::proxy {

/// What came back from a target, and may only mean that it has not got what the request is about.
struct miss {
  /// A small answer with a 4xx or 5xx status; null: there was none.
  const collected_answer* answer = nullptr;
  /// Without an answer: the backend could not be reached, or let go of the connection before it had
  /// the whole request. It may be sent again.
  bool unreachable = false;
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
};

} // namespace synapse::proxy
