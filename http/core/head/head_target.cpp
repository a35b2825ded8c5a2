#include "http/core/head/head_parts.hpp"

#include <algorithm>

namespace synapse::http {
namespace {

using detail::is_digit;
using detail::valid_authority;

bool valid_port(std::string_view port) noexcept {
  if (port.size() > 5)
    return false;
  unsigned n = 0;
  for (const char c : port) {
    if (!is_digit(c))
      return false;
    n = n * 10 + static_cast<unsigned>(c - '0');
  }
  return n <= 65535;
}

bool is_host_char(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
         c == '_' || c == '~' || c == '%';
}

void split_path(std::string_view text, request_head& head) noexcept {
  const std::size_t mark = text.find('?');
  head.path = text.substr(0, mark);
  head.has_query = mark != std::string_view::npos;
  head.query = head.has_query ? text.substr(mark + 1) : std::string_view{};
}

/// `http://authority[/path][?query]`, read into host, path and query.
bool parse_absolute(request_head& head) noexcept {
  const std::string_view t = head.target;
  std::size_t skip = 0;
  if (t.size() > 7 && iequals(t.substr(0, 7), "http://"))
    skip = 7;
  else if (t.size() > 8 && iequals(t.substr(0, 8), "https://"))
    skip = 8;
  else
    return false;
  const std::size_t stop = std::min(t.find_first_of("/?", skip), t.size());
  head.host = t.substr(skip, stop - skip);
  bool has_port = false;
  if (head.host.empty() || !valid_authority(head.host, has_port)) // '@' is refused here
    return false;
  split_path(t.substr(stop), head);
  if (head.path.empty())
    head.path = head.method_id == verb::options && !head.has_query ? "*" : "/";
  head.form = target_form::absolute;
  return true;
}

} // namespace

bool detail::valid_authority(std::string_view text, bool& has_port) noexcept {
  std::size_t size = 0;
  if (!text.empty() && text.front() == '[') {
    size = text.find(']');
    if (size == std::string_view::npos || size < 3)
      return false;
    for (const char c : text.substr(1, size - 1))
      if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F') && c != ':' &&
          c != '.')
        return false;
    ++size;
  } else {
    while (size < text.size() && is_host_char(text[size]))
      ++size;
  }
  const std::string_view rest = text.substr(size);
  if (rest.empty())
    return true;
  if (rest.front() != ':' || size == 0 || !valid_port(rest.substr(1)))
    return false;
  has_port = rest.size() > 1;
  return true;
}

bool detail::parse_target(request_head& head) noexcept {
  const std::string_view t = head.target;
  if (head.method_id == verb::connect) {
    bool has_port = false;
    if (!valid_authority(t, has_port) || !has_port)
      return false;
    head.form = target_form::authority;
    head.host = t;
    return true;
  }
  if (t.front() == '/') {
    head.form = target_form::origin;
    split_path(t, head);
    return true;
  }
  if (t == "*") {
    head.form = target_form::asterisk;
    head.path = t;
    return head.method_id == verb::options;
  }
  return parse_absolute(head);
}

} // namespace synapse::http
