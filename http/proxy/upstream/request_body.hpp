/// @file
/// The body of a forwarded request: where it comes from, and how it goes out.
#pragma once

#include "http/core/body/body_piece.hpp"
#include "http/core/head/head_writer.hpp"
#include "http/proxy/call.hpp"
#include "http/server/connection/body_pace.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace synapse::proxy {

/// A body that is here already is one view; one that goes out while it comes in is pulled piece by
/// piece, and cannot be made again once a piece has gone out. On the exchange's thread.
class request_body {
public:
  explicit request_body(const call& of);
  request_body(const request_body&) = delete;
  request_body& operator=(const request_body&) = delete;

  /// Sets what the request's head says about it.
  void describe(http::upstream_head_options& head) const;
  /// All of it, for a body that is here already.
  std::string_view at_hand() const noexcept { return at_hand_; }

  // ---- of one that goes out while it comes in ----
  enum class pull {
    ready,     ///< `pieces` go out next
    wait,      ///< nothing yet: see `due`
    sent,      ///< all of it has gone out
    failed,    ///< its source has failed
    too_large, ///< 413
  };
  /// The connection is there: the client's time begins to count.
  void begin();
  /// The next bytes, framed; valid until `release`.
  pull next(std::span<const std::string_view>& pieces);
  void release();
  /// While waiting: how long the client may take, 0 for ever.
  net::time_ns due();
  /// `pieces` have been written: what was the end of it is out.
  bool was_last() const noexcept { return read_; }
  /// A source may have seen the end of a form before the end of the body: looks once more.
  void look_for_end();

  bool started() const noexcept { return started_; } ///< a byte has gone out
  bool read() const noexcept { return read_; }       ///< the source has come to its end
  bool sent() const noexcept { return sent_; }
  void mark_sent() noexcept { sent_ = true; }

private:
  http::body_piece pull_piece(std::string_view& piece);

  server::exchange& ex_;
  const own_request* own_;
  std::string_view at_hand_;
  std::string_view begun_;            ///< of the client's own body, what was read before
  bool in_begun_ = false;             ///< the piece under way is that
  std::optional<std::uint64_t> size_; ///< known beforehand; without one it goes in chunks
  bool any_;                          ///< there is a body
  std::uint64_t max_;
  std::uint64_t bytes_ = 0;
  std::optional<server::body_pace> pace_;
  std::array<std::string_view, 3> pieces_;
  char chunk_line_[20]; ///< of the piece under way; a write may still refer to it
  bool started_ = false;
  bool read_ = false;
  bool sent_ = false;
};

} // namespace synapse::proxy
