/// @file
/// Where a request of a catalog's name has been, attempt by attempt.
#pragma once

#include "telemetry/fixed_text.hpp"
#include "telemetry/record_ring.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::telemetry {

/// What became of an attempt.
enum class trace_end : std::uint8_t {
  good,   ///< its answer is the client's
  failed, ///< and the client has nothing of it
  broken, ///< its answer had begun
  left,   ///< the client did not wait for it
  full,   ///< it was not asked: no room
  shut,   ///< it was not asked: out of service
};
inline constexpr std::array<std::string_view, 6> trace_end_texts{"good", "failed", "broken",
                                                                 "left", "full",   "shut"};
constexpr std::string_view to_string(trace_end what) {
  return trace_end_texts[static_cast<std::size_t>(what)];
}

/// The numbers are those of routing's enumerators; texts are made when somebody looks.
struct traced_attempt {
  fixed_text<79> deployment; ///< its id
  std::uint32_t took_us = 0; ///< at most 71 minutes
  std::uint16_t status = 0;  ///< of its answer; 0: there was none
  trace_end end = trace_end::good;
  std::uint8_t row = 0;         ///< of routing's table of failures
  std::uint8_t disposition = 0; ///< likewise
  std::uint8_t trouble = 0;     ///< likewise
  bool went_on = false;         ///< to what stands behind it
  std::uint8_t moved = 0;       ///< why that one: routing::moved
};
static_assert(sizeof(traced_attempt) <= 96);

/// Copied as bytes, so every text is held in place.
struct request_trace {
  static constexpr std::size_t most = 8;
  std::uint64_t number = 0;      ///< as its request has it; never 0
  std::uint32_t count = 0;       ///< attempts in all; those beyond `most` are not kept
  std::uint32_t first_moved = 0; ///< why the first deployment was not the plain choice
  std::array<traced_attempt, most> attempts;
};

/// See record_ring.
class trace_ring : public record_ring<request_trace> {
public:
  static constexpr std::size_t default_capacity = 256;
  explicit trace_ring(std::size_t capacity = default_capacity) : record_ring(capacity) {}
};

} // namespace synapse::telemetry
