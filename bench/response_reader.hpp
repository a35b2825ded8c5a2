/// @file
/// Reads the answers on one client connection, however they are framed.
#pragma once

#include "bench/http_scan.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::bench {

/// Takes one HTTP answer at a time. Bodies are counted; they are handed out only to a caller that
/// wants them, since copying is what a cheap load generator must not do.
class response_reader {
public:
  enum class progress { more, complete, malformed };

  /// Feeds what arrived. Bytes behind a complete answer are malformed: one request is under way at
  /// a time. @param payload  receives the body bytes without framing, unless null
  progress feed(std::string_view bytes, std::string* payload);

  /// The peer closed. Complete only for a body without length that the close ends.
  progress end_of_input() const;

  /// Of the answer under way; defined once its head is complete.
  int status() const { return head_.status; }
  bool closes() const { return head_.framing.close; }
  std::uint64_t body_bytes() const { return body_bytes_; }

  /// Ready for the next answer.
  void reset();

private:
  progress feed_body(std::string_view bytes, std::string* payload);

  std::string partial_head_;
  response_head head_;
  bool in_body_ = false;
  std::uint64_t body_bytes_ = 0;
  chunk_decoder chunks_;
  std::string scratch_;
};

} // namespace synapse::bench
