/// @file
/// One line per request, as logfmt, written without locks and without allocating.
#pragma once

#include "telemetry/access_log_output.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace synapse::telemetry {

/// What is known of a request when it has ended. The views need to live only during the call.
/// Empty texts and negative durations mean "none" and are written as `-`.
struct access_record {
  std::int64_t unix_ns = 0; ///< wall clock when it ended; 0 = now (to about 4 ms)
  std::string_view id;      ///< the request's id
  std::string_view client;  ///< address
  std::string_view method;
  std::string_view path;    ///< as received; what follows `?` or `#` is never written
  unsigned status = 0;      ///< as sent; 499 = the client left before
  std::string_view route;   ///< configured path
  std::string_view backend; ///< configured name
  unsigned attempts = 0;    ///< at backends
  std::string_view detail;  ///< why it ended so, e.g. "via_upstream"
  std::int64_t duration_ns = -1;
  std::int64_t overhead_ns = -1;   ///< the gateway's own share
  std::int64_t first_byte_ns = -1; ///< until the first byte of the answer went out
  std::uint64_t bytes_in = 0;      ///< from the client
  std::uint64_t bytes_out = 0;     ///< to the client
  std::string_view stream;         ///< how the stream ended (to_string(stream_end)), if it was one
};

/// The access log of one I/O thread; only that thread uses it. Lines are
/// `ts=2026-11-21T05:20:00.123Z level=info id=… client=… method=… path=… status=… route=… backend=…
/// attempts=… detail=… dur_us=… overhead_us=… ttfb_us=… in=… out=… stream=…`, level being `error`
/// for 5xx, `warning` for 4xx but 499. Texts that are no plain words are quoted and escaped, and
/// cut at a length, so nothing that a client sends can forge a field or a line.
class access_log {
public:
  static constexpr std::size_t flush_bytes = 32 * 1024;

  /// @param output shared by the threads; must outlive this.
  explicit access_log(access_log_output& output);
  access_log(const access_log&) = delete;
  access_log& operator=(const access_log&) = delete;
  /// Writes what is left; gives a slow output a quarter of a second.
  ~access_log();

  /// Has `reader` see all lines, once and in order, when they are about to be written out. Called
  /// on the log's own thread, some times a second or more often; must not wait. Before the first
  /// line only.
  void set_reader(std::function<void(std::string_view lines)> reader) {
    reader_ = std::move(reader);
  }

  /// Adds a line. Writes out when 32 KiB are full; if the output takes nothing then, they are lost.
  void write(const access_record& record) noexcept;

  /// Writes out what the output takes now and keeps the rest. Call it a few times a second.
  void flush() noexcept;

private:
  char* put_time(char* out, std::int64_t unix_ns) noexcept;

  access_log_output& output_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::size_t read_ = 0; ///< bytes of them that the reader has seen
  std::function<void(std::string_view)> reader_;
  std::int64_t stamp_second_ = -1; ///< the second that stamp_ shows
  char stamp_[24];                 ///< `ts=YYYY-MM-DDTHH:MM:SS.`
};

} // namespace synapse::telemetry
