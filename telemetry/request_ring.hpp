/// @file
/// The last requests that an I/O thread has finished, for people who look at them later.
#pragma once

#include "telemetry/fixed_text.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

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
  std::uint16_t status = 0;
  std::uint16_t attempts = 0; ///< at backends
  bool left = false;          ///< its client did not wait for the whole answer
  bool broken = false;        ///< its answer had begun well and was cut off
  fixed_text<128> id;
  fixed_text<16> method;
  fixed_text<96> path; ///< without its query
  fixed_text<64> model;
  fixed_text<64> backend;
  fixed_text<46> client; ///< address
};

/// Written by one thread, read by any: a seqlock per record (Boehm, "Can Seqlocks Get Along with
/// Programming Language Memory Models?", 2012). The writer never waits and takes no memory; a
/// reader leaves out a record that is being replaced.
class request_ring {
public:
  static constexpr std::size_t default_capacity = 1000;
  explicit request_ring(std::size_t capacity = default_capacity);

  /// Adds a record in place of the oldest. The owner's thread only.
  void add(const finished_request& one) noexcept;
  /// Appends what is there, in no particular order.
  void copy_to(std::vector<finished_request>& out) const;

private:
  static_assert(std::is_trivially_copyable_v<finished_request>);
  static constexpr std::size_t words = (sizeof(finished_request) + 7) / 8;
  struct slot {
    std::atomic<std::uint64_t> version; ///< odd while it is written; 0: never
    std::array<std::atomic<std::uint64_t>, words> content;
  };

  std::size_t capacity_;
  std::size_t next_ = 0;
  /// Zeroed memory of the system: what is never used takes no room.
  std::unique_ptr<slot[], void (*)(void*)> slots_;
};

} // namespace synapse::telemetry
