/// @file
/// Internal parts of the multipart reader: header fields of a part, the search in its data.
#pragma once

#include "http/core/body/multipart.hpp"

#include <cstddef>
#include <string_view>

namespace synapse::http::detail {

/// Takes one header line of a part in, without its CRLF and not empty. `fields` remembers between
/// the lines of one part which of the fields we know were there; zero before the first.
multipart_error read_part_header(std::string_view line, unsigned& fields, multipart_part& part);

/// In [p, end): the first CR LF '-' '-', or as much of its beginning as stands directly before
/// `end`, or `end`.
const char* find_line_of_dashes(const char* p, const char* end) noexcept;

} // namespace synapse::http::detail
