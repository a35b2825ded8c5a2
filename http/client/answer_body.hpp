/// @file
/// The body of an answer, out of its transfer coding, and the truth about its end.
#pragma once

#include "http/core/body/chunked.hpp"
#include "http/core/head/head_parser.hpp"
#include "http/net/transport.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::client {

/// One thread, one answer. Never waits: it looks at what the connection has, and whoever reads the
/// connection calls again.
class answer_body {
public:
  /// @param head has no body if its status or `method` says so (RFC 9112 section 6.3).
  void begin(const http::response_head& head, http::verb method) noexcept;

  /// Moves what has arrived to the end of `into`, decoded. @returns true if there was anything.
  bool take(net::transport& from, std::string& into);

  /// What lies at the beginning of the input and belongs to the body.
  struct run {
    std::size_t bytes = 0; ///< as they came, coding included
    std::size_t tail = 0;  ///< the last ones of them, behind the last chunk's line
  };
  /// For whoever passes the body on as it lies in the buffer, and consumes it when it is through.
  /// @param payload gets what is in the chunks, unless null.
  run pass(const net::transport& from, std::vector<std::string_view>* payload);

  http::body_framing framing() const noexcept { return framing_; }
  /// The answer's framing says that it is over.
  bool ended() const noexcept { return ended_; }
  /// The connection ended before that, or the coding is broken.
  bool broken() const noexcept { return broken_; }
  /// `broken` because of the coding.
  bool malformed() const noexcept { return chunks_.failed(); }
  /// It has ended, and another answer may follow on the same connection.
  bool leaves_connection() const noexcept {
    return ended_ && keep_alive_ && framing_ != http::body_framing::until_close;
  }
  /// Bytes that are still to come, of a body whose length was named.
  std::uint64_t left() const noexcept { return left_; }
  /// For whoever knows better than the framing, or has taken all of it by himself.
  void end() noexcept { ended_ = true; }

private:
  std::size_t pass_plain(const net::transport& from, std::size_t bytes) noexcept;
  void look_for_last_chunk(const net::transport& from) noexcept;

  http::chunk_decoder chunks_;
  std::uint64_t left_ = 0;
  http::body_framing framing_ = http::body_framing::none;
  bool keep_alive_ = false;
  bool ended_ = false;
  bool broken_ = false;
};

// What every forwarded request passes through is inline: http_proxy is another library.

inline void answer_body::begin(const http::response_head& head, http::verb method) noexcept {
  chunks_.reset();
  framing_ = head.framing(method);
  left_ = static_cast<std::uint64_t>(std::max<std::int64_t>(head.content_length, 0));
  keep_alive_ = head.keep_alive;
  ended_ = framing_ == http::body_framing::none ||
           (framing_ == http::body_framing::content_length && left_ == 0);
  broken_ = false;
}

/// Of a body that is in no chunks. @returns how many of `bytes`, which have arrived, belong to it
inline std::size_t answer_body::pass_plain(const net::transport& from, std::size_t bytes) noexcept {
  if (framing_ == http::body_framing::content_length) {
    bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, left_));
    left_ -= bytes;
    ended_ = left_ == 0;
  } else { // a reset is not how such a body ends, nor is TLS without close_notify
    ended_ = from.ended() && !from.read_error();
  }
  broken_ = !ended_ && from.ended();
  return bytes;
}

/// After chunks have been decoded.
inline void answer_body::look_for_last_chunk(const net::transport& from) noexcept {
  ended_ = chunks_.done();
  broken_ = !ended_ && (from.ended() || chunks_.failed());
}

inline answer_body::run answer_body::pass(const net::transport& from,
                                          std::vector<std::string_view>* payload) {
  run passed;
  if (ended_)
    return passed;
  const auto input = from.input();
  if (framing_ != http::body_framing::chunked) {
    passed.bytes = pass_plain(from, input.size());
    return passed;
  }
  passed.tail = chunks_.tail_bytes();
  passed.bytes = chunks_.feed(input.data(), input.size(), payload);
  passed.tail = chunks_.tail_bytes() - passed.tail;
  look_for_last_chunk(from);
  return passed;
}

} // namespace synapse::client
