/// @file
/// Whether a request may be sent once more when its connection has ended without an answer.
#pragma once

#include "http/core/head/head_parser.hpp"

#include <cstdint>

namespace synapse::http {

/// RFC 9110 section 9.2.2: sent twice, such a request has the effect of one.
constexpr bool is_idempotent(verb method) noexcept {
  switch (method) {
  case verb::get:
  case verb::head:
  case verb::options:
  case verb::trace:
  case verb::put:
  case verb::delete_:
    return true;
  default:
    return false;
  }
}

/// A request whose connection ended before the first byte of an answer.
struct lost_request {
  verb method = verb::other;
  bool repeatable = true;  ///< its body can be made again
  bool sent_whole = false; ///< all of it was handed to the kernel: it may have been carried out
  bool kept_connection = false; ///< the connection had carried another request before
  bool replaced = false;        ///< a kept connection was replaced for this request already
};

enum class replay : std::uint8_t {
  never,   ///< whoever sends it again may have it carried out twice
  at_once, ///< on a fresh connection, as if the kept one had never been taken
  again,   ///< as another attempt
};

/// A kept connection that ends under a request was most likely being closed while it was idle (RFC
/// 9112 section 9.3.1), so a fresh one takes its place, once in a request's life. Everything else
/// that was sent whole is repeated only if that cannot matter.
constexpr replay replay_of(const lost_request& lost) noexcept {
  if (!lost.repeatable)
    return replay::never;
  if (lost.kept_connection && !lost.replaced)
    return replay::at_once;
  return lost.sent_whole && !is_idempotent(lost.method) ? replay::never : replay::again;
}

} // namespace synapse::http
