/// @file
/// The head of an answer, out of what has arrived.
#pragma once

#include "http/core/head/head_parser.hpp"
#include "http/net/transport.hpp"

#include <cstddef>
#include <cstdint>

namespace synapse::client {

/// What has become of an answer's head so far.
enum class head_step : std::uint8_t {
  more,         ///< read on
  ready,        ///< of a final answer, at the beginning of the input
  switched,     ///< 101, likewise: what follows is no HTTP
  malformed,    ///< see `head_reader::error`
  ended_before, ///< the connection has ended without a byte of it: it may have been stale
  ended_within, ///< the connection has ended within it
};

/// Looks for the head of a final answer; interim ones (1xx) are passed over. Never waits: whoever
/// reads the connection calls again. For one answer, on the connection's thread. All of it is
/// inline: every forwarded request passes through here.
class head_reader {
public:
  /// @param limits outlive this.
  explicit head_reader(const http::head_limits& limits) noexcept : limits_(limits) {}

  /// Looks at what has arrived, and consumes interim heads. @param into complete after `ready` and
  /// `switched`; its views point into the input. @returns no `ended_…`
  head_step look(net::transport& from, http::response_head& into) noexcept;

  /// The same for whoever waits for nothing but the answer: has room made for a head that is longer
  /// than the buffer, and tells the connection's end.
  head_step step(net::transport& from, http::response_head& into);

  /// After `malformed`.
  http::head_error error() const noexcept { return error_; }

private:
  const http::head_limits& limits_;
  std::size_t scanned_ = 0;
  http::head_error error_ = http::head_error::none;
};

inline head_step head_reader::look(net::transport& from, http::response_head& into) noexcept {
  for (;;) {
    const auto input = from.input();
    if (input.empty())
      return head_step::more;
    const auto parsed = http::parse_response(input.data(), input.size(), scanned_, limits_, into);
    if (parsed.need_more())
      return head_step::more;
    if (parsed.failed()) {
      error_ = parsed.error;
      return head_step::malformed;
    }
    if (into.status >= 200)
      return head_step::ready;
    if (into.status == 101)
      return head_step::switched;
    from.consume(into.size);
    scanned_ = 0;
  }
}

inline head_step head_reader::step(net::transport& from, http::response_head& into) {
  const auto found = look(from, into);
  if (found != head_step::more)
    return found;
  if (from.ended())
    return from.input().empty() ? head_step::ended_before : head_step::ended_within;
  if (from.full())
    from.reserve(limits_.max_bytes + 1);
  return head_step::more;
}

} // namespace synapse::client
