/// @file
/// The last requests that an I/O thread has finished, for people who look at them later.
#pragma once

#include "telemetry/fixed_text.hpp"
#include "telemetry/record_ring.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::telemetry {

/// What is known of a request when it has ended. No headers, no query, no bodies: nothing in it is
/// a secret. Copied as bytes, so every text is held in place.
struct finished_request {
  std::int64_t ended_ms = 0;       ///< milliseconds since 1970
  std::int64_t duration_ns = 0;    ///< first byte of the head → last byte of the answer
  std::int64_t overhead_ns = 0;    ///< the gateway's own share
  std::int64_t first_byte_ns = -1; ///< until the first byte of the answer went out; -1: none did
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::int64_t prompt_tokens = -1; ///< as the backend said; -1: it did not
  std::int64_t completion_tokens = -1;
  std::string_view route;  ///< configured path; static or as long as the process. Empty: none
  std::string_view detail; ///< why it ended so; static
  std::string_view stream; ///< how the stream ended, if it was one; static
  std::uint64_t trace = 0; ///< number of its request_trace; 0: there is none
  std::uint16_t status = 0;
  std::uint16_t attempts = 0; ///< at backends
  bool left = false;          ///< its client did not wait for the whole answer
  bool broken = false;        ///< its answer had begun well and was cut off
  fixed_text<128> id;
  fixed_text<16> method;
  fixed_text<96> path; ///< without its query
  fixed_text<64> model;
  fixed_text<64> backend;
  fixed_text<46> client;     ///< address
  fixed_text<79> deployment; ///< of a catalog's name: that was asked last
};

/// See record_ring.
class request_ring : public record_ring<finished_request> {
public:
  static constexpr std::size_t default_capacity = 1000;
  explicit request_ring(std::size_t capacity = default_capacity) : record_ring(capacity) {}
};

} // namespace synapse::telemetry
