/// @file
/// The little of HTTP/1.1 that a load generator and a stub server need. The gateway's own parser is
/// not used on purpose: a tool that measures a program must not share its mistakes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::bench {

enum class scan_result { need_more, done, malformed };

/// What frames the body that follows a head.
struct body_framing {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false; ///< the peer closes after this message
};

struct response_head {
  int status = 0;
  std::size_t size = 0; ///< bytes of the head, the blank line included
  body_framing framing;
};

/// The views point into the scanned bytes.
struct request_head {
  std::string_view method;
  std::string_view path;
  std::string_view query; ///< without '?'
  std::size_t size = 0;
  body_framing framing;
  bool wants_stream = false; ///< field `X-Bench-Stream: 1`
};

/// Reads one head at the front of `bytes`; heads above 64 KiB are malformed.
scan_result scan_response_head(std::string_view bytes, response_head& head);
scan_result scan_request_head(std::string_view bytes, request_head& head);

/// The number behind `name=` in a query string or, as `"name":`, in a JSON text. Only the first
/// occurrence is looked at; absent or not a number gives nothing.
std::optional<std::uint64_t> query_number(std::string_view query, std::string_view name);
std::optional<std::uint64_t> json_number(std::string_view json, std::string_view name);

/// The number that the text behind `"name":` begins with, as 64 in `{"input":"64 frames"}`.
std::optional<std::uint64_t> json_text_number(std::string_view json, std::string_view name);

/// Whether the JSON text has `"name":true`, with any blanks around the colon.
bool json_true(std::string_view json, std::string_view name);

/// Takes the framing off a chunked body that arrives in pieces of any size.
class chunk_decoder {
public:
  /// Consumes from `bytes`, appends payload to `out` and returns how many bytes were consumed: all
  /// of them until the body has ended. After a framing error `failed()` holds and nothing is
  /// consumed.
  std::size_t feed(std::string_view bytes, std::string& out);
  /// The same, but hands the payload to `sink` in pieces of `bytes`: for bodies that nobody keeps.
  using sink = std::function<void(std::string_view payload)>;
  std::size_t feed(std::string_view bytes, const sink& take);
  bool done() const { return state_ == state::done; }
  bool failed() const { return state_ == state::failed; }
  void reset() { *this = chunk_decoder{}; }

private:
  enum class state { size, extension, size_lf, data, data_cr, data_lf, trailer, done, failed };
  state take_size_byte(char c);
  state take_trailer_byte(char c);

  state state_ = state::size;
  std::uint64_t left_ = 0;
  unsigned digits_ = 0;
  bool trailer_line_empty_ = true;
};

} // namespace synapse::bench
