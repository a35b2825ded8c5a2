/// @file
/// Writes multipart/form-data (RFC 7578), with names escaped as browsers do it (WHATWG HTML,
/// "multipart/form-data encoding algorithm").
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::http {

/// Appends the parts of one body to a buffer:
/// `append_field`... `append_file_head`, the file's bytes, `append_part_end`... `append_close`.
/// Knows nothing of the bytes between head and end, so a file need not be in memory.
///
/// In names and filenames a quotation mark becomes `%22`; CR, LF and (which browsers leave alone,
/// but receivers refuse) other control characters become `%XX`. A backslash becomes `\\`: browsers
/// leave that alone, too, and receivers then take one before a quotation mark or another backslash
/// for an escape. Bytes above ASCII stay: names are UTF-8.
class multipart_writer {
public:
  /// A boundary that does not occur in the data after CRLF and `--`: made by `make_boundary`, or
  /// by the caller and then valid (`valid_multipart_boundary`).
  explicit multipart_writer(std::string boundary) : boundary_(std::move(boundary)) {}

  /// 40 token characters, 128 bits of them from the kernel's random source: whoever chooses the
  /// data cannot guess them.
  static std::string make_boundary();

  const std::string& boundary() const noexcept { return boundary_; }
  /// `multipart/form-data; boundary=...`, quoted where it must be.
  std::string content_type() const;

  /// A whole part without a filename. The value goes out as it is.
  void append_field(std::string& out, std::string_view name, std::string_view value) const;
  /// Everything of a file's part that stands before its bytes. A content type that is empty or no
  /// field value (a control character) becomes application/octet-stream.
  void append_file_head(std::string& out, std::string_view name, std::string_view filename,
                        std::string_view content_type) const;
  /// What stands after a file's bytes.
  void append_part_end(std::string& out) const { out += "\r\n"; }
  /// Ends the body.
  void append_close(std::string& out) const;

  /// Bytes that `append_field`, `append_file_head` with `append_part_end`, and `append_close`
  /// write; the file's own bytes come on top. For a Content-Length.
  std::size_t field_size(std::string_view name, std::string_view value) const noexcept;
  std::size_t file_framing_size(std::string_view name, std::string_view filename,
                                std::string_view content_type) const noexcept;
  std::size_t close_size() const noexcept;

private:
  std::string boundary_;
};

} // namespace synapse::http
