/// @file
/// What a handler gives a forwarder that is not the client's own: the words of a request, and what
/// becomes of the answer. All on the exchange's thread.
#pragma once

#include "http/core/body/body_piece.hpp"
#include "http/dialects/answer_translator.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace synapse::proxy {

/// Makes the body of a request while it goes out.
class body_source {
public:
  body_source() = default;
  body_source(const body_source&) = delete;
  body_source& operator=(const body_source&) = delete;
  virtual ~body_source() = default;

  /// @param piece set with `data`: valid until `release`. With `wait` the exchange is woken when
  /// there is more.
  virtual http::body_piece next(std::string_view& piece) = 0;
  virtual void release() = 0;
  /// Bytes of the whole body; nothing when that is not known beforehand: then it goes in chunks.
  virtual std::optional<std::uint64_t> size() const { return {}; }
  /// The client sends it, in its own time: its silence has a limit.
  virtual bool from_client() const { return true; }
};

/// A request in the gateway's own words.
struct own_request {
  std::string target;       ///< path and query, without the backend's base path
  std::string content_type; ///< never empty
  std::string body;         ///< all of it, or
  /// made on its way: such a request is sent over a connection of its own, because it cannot be
  /// repeated when a kept one turns out to be stale.
  body_source* source = nullptr;
};

/// A backend's answer, read to its end, for the handler and not (as it is) for the client.
struct collected_answer {
  unsigned status = 0;
  std::string retry_after; ///< as received
  std::string body;
  /// It came with a status of success, and `status` is the one that it names, if any.
  bool within_success = false;
};

using answer_translator = http::answer_translator;

} // namespace synapse::proxy
