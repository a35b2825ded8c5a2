/// @file
/// The chunked transfer coding (RFC 9112 section 7.1): an incremental strict decoder that also
/// serves as a tracker of bodies forwarded raw, and the writer of chunk heads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace synapse::http {

struct chunk_limits {
  std::size_t max_extension_bytes = 1024; ///< chunk extensions, of the whole body together
  std::size_t max_trailer_bytes = 4096;   ///< trailer section
};

enum class chunk_error : std::uint8_t {
  none,
  bad_size,      ///< not 1 to 16 hexadecimal digits, or above 2^63-1
  bad_extension, ///< control character, or white space that no ';' follows
  extension_too_long,
  bad_line_ending, ///< anything but CRLF where one belongs
  bad_trailer,     ///< not a field line
  trailer_too_long,
};
std::string_view message_of(chunk_error e) noexcept;

/// Decodes one body. Holds no bytes: payload is reported as views into what was fed.
class chunk_decoder {
public:
  explicit chunk_decoder(chunk_limits limits = {}) noexcept : limits_(limits) {}

  struct step {
    std::size_t consumed = 0; ///< bytes of the input that were used, payload included
    std::string_view payload; ///< decoded bytes among them; may be empty
  };
  /// Consumes framing and at most one run of payload. Call again with the rest until `consumed`
  /// is the whole input, or `done()` (the rest belongs to the next message), or `failed()`.
  step next(const char* p, std::size_t n) noexcept;

  /// Consumes as much as there is; adds the payload runs to `payload` unless null.
  /// Returns the number of bytes consumed; less than `n` only after `done()` or `failed()`.
  std::size_t feed(const char* p, std::size_t n, std::vector<std::string_view>* payload = nullptr);

  bool done() const noexcept { return state_ == state::done; }
  bool failed() const noexcept { return state_ == state::failed; }
  chunk_error error() const noexcept { return error_; }
  /// Payload bytes reported so far.
  std::uint64_t payload_bytes() const noexcept { return payload_bytes_; }
  /// Bytes consumed so far behind the line of the last chunk: the trailer section with the empty
  /// line that ends it. They are the last ones that were consumed, so whoever forwards a body raw
  /// without its trailers leaves out as many.
  std::size_t tail_bytes() const noexcept { return tail_bytes_; }
  /// True between two chunks (also before the first one): the point where a chunk of our own could
  /// be put into a body that is forwarded raw.
  bool at_boundary() const noexcept { return state_ == state::size && digits_ == 0; }
  /// Ready for another body.
  void reset() noexcept { *this = chunk_decoder(limits_); }

private:
  enum class state : std::uint8_t {
    size,
    space,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    final_lf,
    done,
    failed
  };
  void fail(chunk_error e) noexcept;
  void on_size_byte(unsigned char c) noexcept;
  void on_extension_byte(unsigned char c) noexcept;
  void on_trailer_byte(unsigned char c) noexcept;
  void on_byte(unsigned char c) noexcept;

  chunk_limits limits_;
  state state_ = state::size;
  chunk_error error_ = chunk_error::none;
  unsigned digits_ = 0;
  std::uint64_t remaining_ = 0;
  std::uint64_t payload_bytes_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t tail_bytes_ = 0;
};

/// Writes the line before a chunk of `n` bytes (`n` > 0; 0 would be the last chunk) into `buf` and
/// returns it. The chunk's payload and "\r\n" follow it.
std::string_view chunk_head(std::uint64_t n, char (&buf)[20]) noexcept;

/// Ends a chunked body without trailers.
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

} // namespace synapse::http
