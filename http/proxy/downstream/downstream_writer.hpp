/// @file
/// The client's side of an answer that is made while it is sent: the head once, then the body in
/// the framing that the head has promised.
#pragma once

#include "http/core/head/head_parser.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace synapse::proxy {

/// Fields of the heads of event streams: nothing between us and the client may hold them back.
inline constexpr std::string_view event_fields =
    "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n";

/// The head of an answer in the gateway's own words.
struct own_head {
  std::string_view content_type;
  std::string_view fields; ///< complete lines, each with CRLF
  /// none: see `stream_framing`.
  http::body_framing framing = http::body_framing::none;
  std::uint64_t length = 0;  ///< with content_length
  bool event_stream = false; ///< whatever is written ends between two events
};

/// Of an event stream that begins before its backend has answered.
inline own_head event_head(std::string_view content_type) {
  own_head head;
  head.content_type = content_type;
  head.fields = event_fields;
  head.event_stream = true;
  return head;
}

/// Made anew by whoever has something to say to the client, one after the other: an event stream
/// may have begun while its model was waited for. On the exchange's thread.
class downstream_writer {
public:
  /// @param site whose answer it is: its `response_extra` goes into every head; null: nobody's.
  /// @param extra goes there instead; outlives this
  downstream_writer(server::exchange& exchange, const client::backend_site* site,
                    std::string_view extra = {}) noexcept;
  downstream_writer(const downstream_writer&) = delete;
  downstream_writer& operator=(const downstream_writer&) = delete;

  /// The client has the head, or it goes out with the first piece of the body.
  bool begun() const noexcept { return head_waits_ || ex_.begun(); }
  /// What the head says. @pre begun()
  http::body_framing framing() const noexcept { return framing_; }
  /// Of a body whose length nobody knows: in chunks, or until the connection's end where the client
  /// cannot read those.
  http::body_framing stream_framing() const noexcept;

  // ---- the head; goes out with what is sent next ----
  /// The backend's own, with what has to change. @param event_stream it is one, whatever it calls
  /// itself
  void pass_head(const http::response_head& answer, http::body_framing framing, bool event_stream);
  void write_head(const own_head& head);

  // ---- the body ----
  /// Sends the next bytes of the body, and its end if `last`, framed as the head says. Both may be
  /// nothing. @returns true when all was taken at once; otherwise `co_await drained()` before the
  /// bytes change.
  bool send(std::string_view bytes, bool last);
  /// The same for several pieces, fewer than net::transport::max_pieces - 4.
  bool send(std::span<const std::string_view> pieces, bool last);
  /// Pieces that are framed already, or need not be; at most net::transport::max_pieces - 1.
  bool send_as_is(std::span<const std::string_view> pieces);
  /// What goes into every head besides.
  std::string_view extra() const noexcept { return extra_; }
  /// The backend's head and all of a body that was read to its end: as long as it is, and left out
  /// for a HEAD request. @returns as `send`
  bool send_whole(http::response_head& answer, std::string_view body);
  /// Waits until the client has taken what was written. Meanwhile nothing is read from the backend,
  /// so its silence begins afterwards (`quiet_since`). @returns false when the client is gone or
  /// too slow.
  net::task<bool> drained();
  /// When the backend's silence began at the earliest.
  net::time_ns quiet_since() const noexcept { return quiet_since_; }
  void be_quiet_from(net::time_ns when) noexcept { quiet_since_ = when; }

  // ---- while the backend is silent ----
  /// An event stream that has not begun: a comment every `limits.stream_keepalive`, the head before
  /// the first one. Whoever stands between us and the client may take silence for an end. What the
  /// kernel does not take at once follows by itself.
  /// @returns when it is time for the next one, 0 for never
  net::time_ns sign_of_life(net::time_ns now, std::string_view content_type);
  /// When the next comment is due within a stream that has begun; 0 for never.
  net::time_ns keepalive_due() const noexcept;
  /// The client has heard something, or has spoken itself.
  void heard(net::time_ns when) noexcept { silent_since_ = when; }

private:
  server::exchange& ex_;
  const client::backend_site* site_;
  std::string_view extra_;  ///< complete field lines, each with CRLF
  bool may_change_ = false; ///< who answers is not certain before there is an answer
  http::body_framing framing_;
  bool head_waits_ = false;   ///< it lies in the exchange's `out`
  net::time_ns silent_since_; ///< when the client was last sent something, or asked
  net::time_ns quiet_since_ = 0;
  char chunk_line_[20]; ///< of the piece under way; a write may still refer to it
  std::string early_;   ///< what a sign of life has sent
};

} // namespace synapse::proxy
