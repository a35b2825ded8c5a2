/// @file
/// multipart/form-data (RFC 7578, RFC 2046 section 5.1): a strict, bounded, incremental reader that
/// copies no data. Where parsers are known to disagree about a body, this one refuses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

enum class multipart_error : std::uint8_t {
  none,
  not_form_data,        ///< the Content-Type is not multipart/form-data
  no_boundary,          ///< the Content-Type has no boundary parameter
  bad_boundary,         ///< not 1 to 70 characters of RFC 2046's bchars, or a blank at its end
  bad_line_end,         ///< a line of delimiter or header that does not end in CRLF
  not_a_delimiter,      ///< text after a delimiter and a blank, or after the closing one
  bad_header,           ///< not a field line (RFC 9110 section 5.1)
  line_folding,         ///< a header line that begins with a blank
  header_too_large,     ///< headers of one part
  too_many_headers,     ///< of one part
  duplicate_header,     ///< Content-Disposition, -Type or -Transfer-Encoding twice
  unsupported_encoding, ///< a Content-Transfer-Encoding that changes the data
  no_name,              ///< no `Content-Disposition: form-data` with a name, or an empty name
  bad_parameter,        ///< malformed, not UTF-8, or a control character in it
  duplicate_parameter,  ///< boundary, name, filename or filename* twice
  too_many_parts,
  preamble_too_large,
  unterminated, ///< the body ended before its closing delimiter
};
/// For the client; empty for `none`.
std::string_view message_of(multipart_error e) noexcept;

/// The boundary parameter of a Content-Type `multipart/form-data; boundary=...`, a token or a
/// quoted-string (RFC 2046 section 5.1.1). Empty with the reason in `error` when there is none that
/// can be used.
std::string multipart_boundary(std::string_view content_type, multipart_error& error);

/// RFC 2046 section 5.1.1: 1 to 70 bchars, the last of them not a space.
bool valid_multipart_boundary(std::string_view boundary) noexcept;

struct multipart_limits {
  std::size_t max_parts = 64;
  std::size_t max_header_bytes = 8 * 1024; ///< of one part, the empty line included
  std::size_t max_headers = 16;            ///< of one part
  std::size_t max_preamble_bytes = 8 * 1024;
};

/// What the headers of a part say. Name and filename are UTF-8 without control characters but CR
/// and LF, and otherwise what the client wrote: a filename may be a path, and have lines.
///
/// In a quoted-string `\"` and `\\` are escapes (RFC 9110); a backslash before anything else stands
/// for itself, as browsers and curl write it. `%22` is a quotation mark (WHATWG HTML, "multipart
/// form data"), so a name that really holds "%22" cannot be told apart. `%0D` and `%0A` are CR and
/// LF likewise: for a header or a message they have to be escaped again (multipart_writer,
/// `shown_name`). No other percent sign means anything there.
struct multipart_part {
  std::string name;
  bool has_filename = false; ///< a file; its filename may be empty (no file chosen)
  std::string filename;      ///< filename* (RFC 8187) if present, decoded; else filename
  std::string content_type;  ///< as written; empty when absent
};

/// A name as one line for people: at most `max_bytes` of whole characters, line breaks as blanks.
std::string shown_name(std::string_view name, std::size_t max_bytes = 100);

/// Reads one body. Lines end in CRLF only; inside the data of a part anything goes.
///
/// A delimiter is a line of `--`, the boundary, blanks and CRLF. A line that goes on in another way
/// directly after the boundary is data (so a longer boundary can be nested); one that goes on after
/// a blank, or after the closing delimiter's `--`, is an error: parsers disagree about it.
/// A delimiter directly after the headers' empty line ends a part without data (RFC 2046's grammar
/// has it so). A body that is only a closing delimiter has no parts: browsers send it.
class multipart_reader {
public:
  enum class event : std::uint8_t {
    need_more,  ///< everything there was is read; come back with more, or call `finish`
    part_begin, ///< `part()` is complete
    data,       ///< some data of the part, never empty
    part_end,
    end,  ///< the closing delimiter; what follows is skipped, but see `finish`
    error ///< and every call after that; see `error()`
  };
  struct step {
    event what = event::need_more;
    std::size_t consumed = 0; ///< also with `need_more`: bytes that will not be looked at again
    std::string_view data;    ///< a view into the bytes passed in
  };

  /// A boundary that is not valid makes every call an error.
  explicit multipart_reader(std::string_view boundary, multipart_limits limits = {});

  /// Looks at the bytes not consumed yet. The caller drops `consumed` bytes and calls again; after
  /// `need_more` it adds bytes first. Never wants to see more than `max_header_bytes` or the
  /// boundary's size and 8 bytes at once, whichever is more.
  step next(const char* bytes, std::size_t size);

  /// The part under way: from `part_begin` to the call after `part_end`.
  const multipart_part& part() const noexcept { return part_; }
  /// Parts begun so far; 1 during the first one.
  std::size_t part_number() const noexcept { return parts_; }
  multipart_error error() const noexcept { return error_; }

  /// The body has ended, and `next` said `need_more` to its last bytes. Only when this says `none`
  /// is the body good as a whole: a faulty end of the closing line is found after `end`.
  multipart_error finish() noexcept;

private:
  enum class state : std::uint8_t {
    preamble,
    delimiter_blanks,
    delimiter_lf,
    headers,
    data,
    closing, // `end` is to be reported
    closing_blanks,
    closing_lf,
    epilogue,
    failed
  };
  enum class match : std::uint8_t { none, partial, delimiter, closing };
  /// What a search came upon.
  struct hit {
    match what = match::none;
    std::size_t before = 0; // bytes that certainly belong to no delimiter
    std::size_t size = 0;   // of the delimiter with its CRLF in front, if it is a whole one
  };
  match match_at(const char* p, std::size_t n) const noexcept;
  hit find_delimiter(const char* p, std::size_t n) const noexcept;
  step fail(multipart_error e) noexcept;
  step skip_preamble(const char* p, std::size_t n) noexcept;
  step read_delimiter_end(const char* p, std::size_t n) noexcept;
  step read_headers(const char* p, std::size_t n);
  step read_data(const char* p, std::size_t n) noexcept;

  multipart_limits limits_;
  std::string dash_boundary_;
  state state_ = state::preamble;
  multipart_error error_ = multipart_error::none;
  bool line_start_ = true;  // a delimiter needs no CRLF in front of it here
  std::size_t skipped_ = 0; // bytes of the preamble
  std::size_t parts_ = 0;
  std::size_t headers_ = 0;      // lines of this part
  std::size_t header_bytes_ = 0; // consumed by them
  std::size_t scanned_ = 0;      // bytes of the unfinished line looked at
  unsigned fields_ = 0;          // which of those we know the part has had
  multipart_part part_;
};

} // namespace synapse::http
