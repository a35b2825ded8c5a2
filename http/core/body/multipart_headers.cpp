#include "http/core/body/multipart_parts.hpp"
#include "http/core/head/field.hpp"
#include "http/core/head/head_parts.hpp"
#include "http/core/head/scan.hpp"
#include "http/core/json/utf8.hpp"

#include <algorithm>
#include <utility>

namespace synapse::http {
namespace {

using detail::is_space;

struct parameter {
  std::string_view name; // empty: there was none
  std::string_view value;
  bool quoted = false; // the value is what stands between the quotation marks, escapes and all
};

std::string_view take_token(std::string_view& rest) noexcept {
  const char* begin = rest.data();
  const char* end = detail::find_token_end(begin, begin + rest.size());
  rest.remove_prefix(static_cast<std::size_t>(end - begin));
  return detail::view(begin, end);
}

void skip_blanks(std::string_view& rest) noexcept {
  while (!rest.empty() && is_space(rest.front()))
    rest.remove_prefix(1);
}

bool is_escape(std::string_view s) noexcept {
  return s.size() >= 2 && s[0] == '\\' && (s[1] == '"' || s[1] == '\\');
}

/// Takes the rest of a quoted-string off `rest`, closing mark included; false if there is none.
bool take_quoted(std::string_view& rest, std::string_view& value) noexcept {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (is_escape(rest.substr(i))) {
      ++i;
    } else if (rest[i] == '"') {
      value = rest.substr(0, i);
      rest.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

/// Takes the next of *( OWS ";" OWS [ parameter ] ) off `rest` (RFC 9110 section 5.6.6).
multipart_error take_parameter(std::string_view& rest, parameter& out) noexcept {
  out = {};
  for (;;) {
    skip_blanks(rest);
    if (rest.empty())
      return multipart_error::none;
    if (rest.front() != ';')
      return multipart_error::bad_parameter;
    rest.remove_prefix(1);
    skip_blanks(rest);
    if (!rest.empty() && rest.front() != ';')
      break;
  }
  out.name = take_token(rest);
  if (out.name.empty() || rest.empty() || rest.front() != '=')
    return multipart_error::bad_parameter;
  rest.remove_prefix(1);
  if (!rest.empty() && rest.front() == '"') {
    out.quoted = true;
    rest.remove_prefix(1);
    if (!take_quoted(rest, out.value))
      return multipart_error::bad_parameter;
  } else {
    out.value = take_token(rest);
    if (out.value.empty())
      return multipart_error::bad_parameter;
  }
  return multipart_error::none;
}

/// UTF-8 without control characters, those above ASCII included.
bool is_text(std::string_view s) noexcept {
  while (!s.empty()) {
    const auto c = static_cast<unsigned char>(s.front());
    const std::size_t n = detail::utf8_length(s);
    if (n == 0 || c < 0x20 || c == 0x7f)
      return false;
    if (c == 0xc2 && static_cast<unsigned char>(s[1]) < 0xa0)
      return false;
    s.remove_prefix(n);
  }
  return true;
}

/// Name or filename into `out`; what the escapes are stands at `multipart_part`.
multipart_error decode(const parameter& from, std::string& out) {
  out.clear();
  if (!is_text(from.value))
    return multipart_error::bad_parameter;
  for (std::string_view s = from.value; !s.empty();) {
    std::size_t used = 1;
    char c = s.front();
    if (from.quoted && is_escape(s)) {
      used = 2;
      c = s[1];
    } else if (from.quoted && c == '%') {
      used = 3;
      if (s.starts_with("%22"))
        c = '"';
      else if (s.starts_with("%0D"))
        c = '\r';
      else if (s.starts_with("%0A"))
        c = '\n';
      else
        used = 1;
    }
    out += c;
    s.remove_prefix(used);
  }
  return multipart_error::none;
}

int octet_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = detail::to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// ext-value = charset "'" [ language ] "'" value-chars (RFC 8187 section 3.2.1) into `out`.
multipart_error decode_extended(const parameter& from, std::string& out) {
  constexpr auto bad = multipart_error::bad_parameter;
  out.clear();
  std::string_view s = from.value;
  const std::size_t first = s.find('\'');
  if (from.quoted || first == std::string_view::npos || !iequals(s.substr(0, first), "utf-8"))
    return bad;
  const std::size_t second = s.find('\'', first + 1);
  if (second == std::string_view::npos)
    return bad;
  for (s.remove_prefix(second + 1); !s.empty(); s.remove_prefix(1)) {
    if (s.front() == '*' || s.front() == '\'') // the token characters that are no attr-char
      return bad;
    if (s.front() != '%') {
      out += s.front();
      continue;
    }
    const int high = s.size() > 2 ? octet_digit(s[1]) : -1;
    const int low = s.size() > 2 ? octet_digit(s[2]) : -1;
    if (high < 0 || low < 0)
      return bad;
    out += static_cast<char>(high << 4 | low);
    s.remove_prefix(2);
  }
  return is_text(out) ? multipart_error::none : bad;
}

/// RFC 7578 section 4.2.
multipart_error read_disposition(std::string_view value, multipart_part& part) {
  if (!iequals(take_token(value), "form-data"))
    return multipart_error::no_name;
  bool name = false, filename = false, extended = false;
  for (;;) {
    parameter p;
    multipart_error e = take_parameter(value, p);
    if (e != multipart_error::none)
      return e;
    if (p.name.empty())
      return name && !part.name.empty() ? e : multipart_error::no_name;
    bool again = false;
    if (iequals(p.name, "name")) {
      again = std::exchange(name, true);
      e = decode(p, part.name);
    } else if (iequals(p.name, "filename")) {
      again = std::exchange(filename, true);
      std::string ignored; // it must be sound even if it is not used
      e = decode(p, extended ? ignored : part.filename);
    } else if (iequals(p.name, "filename*")) {
      again = std::exchange(extended, true);
      e = decode_extended(p, part.filename);
    } else if (p.name.find('*') != std::string_view::npos) {
      // A name in another notation (name*, RFC 2231's filename*0) that somebody else may heed.
      e = multipart_error::bad_parameter;
    }
    if (again)
      return multipart_error::duplicate_parameter;
    if (e != multipart_error::none)
      return e;
    part.has_filename = filename || extended;
  }
}

constexpr unsigned saw_disposition = 1, saw_type = 2, saw_encoding = 4;

} // namespace

multipart_error detail::read_part_header(std::string_view line, unsigned& fields,
                                         multipart_part& part) {
  if (is_space(line.front()))
    return multipart_error::line_folding;
  std::string_view value = line;
  const std::string_view name = take_token(value);
  if (name.empty() || value.empty() || value.front() != ':')
    return multipart_error::bad_header;
  value = detail::trim(value.substr(1));
  const char* const end = value.data() + value.size();
  if (find_control(value.data(), end) != end)
    return multipart_error::bad_header;
  unsigned field = 0;
  if (iequals(name, "content-disposition"))
    field = saw_disposition;
  else if (iequals(name, "content-type"))
    field = saw_type;
  else if (iequals(name, "content-transfer-encoding"))
    field = saw_encoding;
  if ((fields & field) != 0)
    return multipart_error::duplicate_header;
  fields |= field;
  switch (field) {
  case saw_disposition:
    return read_disposition(value, part);
  case saw_type:
    part.content_type = value;
    return multipart_error::none;
  case saw_encoding:
    return iequals(value, "7bit") || iequals(value, "8bit") || iequals(value, "binary")
               ? multipart_error::none
               : multipart_error::unsupported_encoding;
  default:
    return multipart_error::none;
  }
}

std::string shown_name(std::string_view name, std::size_t max_bytes) {
  std::size_t size = 0;
  while (size < name.size()) {
    // Not well-formed cannot be; one byte at a time then.
    const auto next = std::max<std::size_t>(detail::utf8_length(name.substr(size)), 1);
    if (size + next > max_bytes)
      break;
    size += next;
  }
  std::string out{name.substr(0, size)};
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return out;
}

bool valid_multipart_boundary(std::string_view boundary) noexcept {
  constexpr std::string_view others = "'()+_,-./:=? ";
  if (boundary.empty() || boundary.size() > 70 || boundary.back() == ' ')
    return false;
  return std::all_of(boundary.begin(), boundary.end(), [&](char c) {
    const char lower = detail::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || detail::is_digit(c) ||
           others.find(c) != std::string_view::npos;
  });
}

std::string multipart_boundary(std::string_view content_type, multipart_error& error) {
  std::string_view rest = detail::trim(content_type);
  const std::string_view type = take_token(rest);
  std::string_view subtype;
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    subtype = take_token(rest);
  }
  error = multipart_error::not_form_data;
  if (!iequals(type, "multipart") || !iequals(subtype, "form-data"))
    return {};
  std::string_view boundary;
  bool found = false;
  for (;;) {
    parameter p;
    error = take_parameter(rest, p);
    if (error != multipart_error::none)
      return {};
    if (p.name.empty())
      break;
    if (!iequals(p.name, "boundary"))
      continue;
    error = multipart_error::duplicate_parameter;
    if (std::exchange(found, true))
      return {};
    boundary = p.value; // no allowed character needs an escape, so a backslash is refused below
  }
  if (!found)
    error = multipart_error::no_boundary;
  else if (!valid_multipart_boundary(boundary))
    error = multipart_error::bad_boundary;
  return error == multipart_error::none ? std::string(boundary) : std::string();
}

} // namespace synapse::http
