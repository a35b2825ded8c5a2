#include "http/core/json/utf8.hpp"
#include "http/core/local_reply.hpp"

#include <algorithm>

namespace synapse::http {
namespace {

void append_escaped(std::string& out, unsigned char c) {
  constexpr char hex[] = "0123456789abcdef";
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\b':
    out += "\\b";
    return;
  case '\f':
    out += "\\f";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    out += "\\u00";
    out += hex[c >> 4];
    out += hex[c & 15];
  }
}

/// Of the ASCII at the beginning that stands for itself: most often all of it.
std::size_t plain_length(std::string_view text) {
  const auto special = std::find_if(text.begin(), text.end(), [](char each) {
    const auto c = static_cast<unsigned char>(each);
    return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
  });
  return static_cast<std::size_t>(special - text.begin());
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const auto plain = plain_length(text);
  out.append(text.substr(0, plain));
  for (std::size_t i = plain; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
      append_escaped(out, c);
      ++i;
    } else if (const std::size_t n = detail::utf8_length(text.substr(i)); n > 0) {
      out.append(text.substr(i, n));
      i += n;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
  out += '"';
}

} // namespace synapse::http
