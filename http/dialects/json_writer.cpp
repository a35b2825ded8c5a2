#include "http/dialects/json_writer.hpp"

namespace synapse::http::detail {

std::string unquoted(std::string_view quoted) {
  std::string text;
  append_unescaped(text, quoted);
  return text;
}

void append_in_one_line(std::string& out, std::string_view value) {
  while (!value.empty()) {
    const auto end = value.find_first_of("\r\n");
    out += value.substr(0, end);
    if (end == std::string_view::npos)
      return;
    out += ' ';
    value.remove_prefix(end + 1);
  }
}

} // namespace synapse::http::detail
