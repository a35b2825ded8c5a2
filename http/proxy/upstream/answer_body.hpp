/// @file
/// The body of a backend's answer, out of its transfer coding.
#pragma once

#include "http/core/body/chunked.hpp"
#include "http/core/head/head_parser.hpp"
#include "http/net/transport.hpp"

#include <cstdint>
#include <string>

namespace synapse::proxy {

/// One thread, one answer.
class answer_body {
public:
  /// @param head has no body if its status or `method` says so (RFC 9112 section 6.3).
  void begin(const http::response_head& head, http::verb method) noexcept;

  /// Moves what has arrived to the end of `into`, decoded. @returns true if there was anything.
  bool take(net::transport& from, std::string& into);

  http::body_framing framing() const noexcept { return framing_; }
  /// The answer's framing says that it is over.
  bool ended() const noexcept { return ended_; }
  /// The connection ended before that, or the coding is broken.
  bool broken() const noexcept { return broken_; }
  /// It has ended, and another answer may follow on the same connection.
  bool leaves_connection() const noexcept {
    return ended_ && framing_ != http::body_framing::until_close;
  }
  /// Bytes that are still to come, of a body whose length was named.
  std::uint64_t left() const noexcept { return left_; }
  /// For whoever passes the body on as it lies in the buffer.
  http::chunk_decoder& chunks() noexcept { return chunks_; }
  void took(std::size_t bytes) noexcept { left_ -= bytes; }
  void end() noexcept { ended_ = true; }

private:
  http::chunk_decoder chunks_;
  std::uint64_t left_ = 0;
  http::body_framing framing_ = http::body_framing::none;
  bool ended_ = false;
  bool broken_ = false;
};

} // namespace synapse::proxy
