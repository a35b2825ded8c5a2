#include "http/core/head/head_parser.hpp"

#include <iterator>

namespace synapse::http {
namespace {

struct error_row {
  head_error error;
  unsigned status;
  std::string_view message;
};

constexpr error_row error_rows[] = {
    {head_error::none, 200, ""},
    {head_error::bare_line_ending, 400, "lines of the request head must end in CRLF"},
    {head_error::empty_lines, 400, "too many empty lines before the request line"},
    {head_error::bad_method, 400, "the request line does not begin with a method"},
    {head_error::method_too_long, 501, "the request method is not supported"},
    {head_error::bad_target, 400, "the request target is malformed"},
    {head_error::uri_too_long, 414, "the request target is too long"},
    {head_error::bad_version, 400, "the HTTP version is malformed"},
    {head_error::unsupported_version, 505, "only HTTP/1.0 and HTTP/1.1 are supported"},
    {head_error::bad_status_line, 400, "the status line is malformed"},
    {head_error::bad_field_name, 400, "a header field name is malformed"},
    {head_error::bad_field_value, 400, "a header field value holds a control character"},
    {head_error::line_folding, 400, "header fields must not be folded over lines"},
    {head_error::head_too_large, 431, "the header fields are too large"},
    {head_error::too_many_fields, 431, "there are too many header fields"},
    {head_error::bad_content_length, 400, "Content-Length is not a number"},
    {head_error::duplicate_content_length, 400, "Content-Length appears more than once"},
    {head_error::bad_transfer_encoding, 400, "Transfer-Encoding is empty"},
    {head_error::duplicate_transfer_encoding, 400, "Transfer-Encoding appears more than once"},
    {head_error::unsupported_transfer_coding, 501, "the only supported transfer coding is chunked"},
    {head_error::length_and_transfer_encoding, 400,
     "Content-Length and Transfer-Encoding must not appear together"},
    {head_error::transfer_encoding_in_http10, 400, "HTTP/1.0 has no Transfer-Encoding"},
    {head_error::missing_host, 400, "the Host field is missing"},
    {head_error::duplicate_host, 400, "the Host field appears more than once"},
    {head_error::bad_host, 400, "the Host field is malformed"},
    {head_error::bad_connection, 400, "the Connection field is malformed"},
    {head_error::too_many_connection_options, 400, "Connection names too many options"},
};

constexpr bool rows_in_order() {
  for (std::size_t i = 0; i < std::size(error_rows); ++i)
    if (static_cast<std::size_t>(error_rows[i].error) != i)
      return false;
  return std::size(error_rows) == static_cast<std::size_t>(head_error::count_);
}
static_assert(rows_in_order(), "one row per error, in the order of the enumerators");

} // namespace

unsigned status_of(head_error e) noexcept {
  return error_rows[static_cast<std::size_t>(e)].status;
}

std::string_view message_of(head_error e) noexcept {
  return error_rows[static_cast<std::size_t>(e)].message;
}

} // namespace synapse::http
