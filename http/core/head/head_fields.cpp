#include "http/core/head/head_parts.hpp"
#include "http/core/head/scan.hpp"

#include <algorithm>
#include <limits>

namespace synapse::http {
namespace {

using detail::bit;
using detail::is_digit;
using detail::is_space;
using detail::view;

constexpr std::size_t max_connection_options = 100;

constexpr std::uint64_t hop_by_hop_fields =
    bit(known_field::connection) | bit(known_field::keep_alive) |
    bit(known_field::proxy_connection) | bit(known_field::te) | bit(known_field::trailer) |
    bit(known_field::transfer_encoding) | bit(known_field::upgrade) |
    bit(known_field::proxy_authenticate) | bit(known_field::proxy_authorization);

// A Connection field that names these would let a client change what the message means downstream.
constexpr std::uint64_t protected_fields =
    bit(known_field::host) | bit(known_field::content_length) | bit(known_field::content_type) |
    bit(known_field::content_encoding);

/// Calls `use(element)` for each non-empty element of a comma-separated list.
template <class Use>
void for_each_element(std::string_view list, Use&& use) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = detail::trim(list.substr(0, comma));
    if (!element.empty())
      use(element);
    if (comma == std::string_view::npos)
      return;
    list.remove_prefix(comma + 1);
  }
}

head_error parse_content_length(std::string_view text, std::int64_t& out) noexcept {
  if (text.empty() || text.size() > 19)
    return head_error::bad_content_length;
  std::uint64_t n = 0;
  for (const char c : text) {
    if (!is_digit(c))
      return head_error::bad_content_length;
    n = n * 10 + static_cast<unsigned>(c - '0');
  }
  if (n > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return head_error::bad_content_length;
  out = static_cast<std::int64_t>(n);
  return head_error::none;
}

/// What the framing and connection fields of one head say together.
struct facts {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool names = false; // Connection names other fields
  std::size_t options = 0;
};

head_error read_connection(std::string_view value, facts& f) noexcept {
  bool tokens = true;
  for_each_element(value, [&](std::string_view option) {
    ++f.options;
    const char* end = option.data() + option.size();
    if (iequals(option, "close"))
      f.close = true;
    else if (iequals(option, "keep-alive"))
      f.keep_alive = true;
    else if (iequals(option, "upgrade"))
      f.upgrade = true;
    else if (detail::find_token_end(option.data(), end) == end)
      f.names = true;
    else
      tokens = false;
  });
  if (!tokens) // half of it may be a "close" that another server understands
    return head_error::bad_connection;
  return f.options > max_connection_options ? head_error::too_many_connection_options
                                            : head_error::none;
}

void mark_named_fields(field_list& fields) noexcept {
  for (const field& c : fields) {
    if (c.id != known_field::connection)
      continue;
    for_each_element(c.value, [&](std::string_view option) {
      for (field& f : fields)
        if (f.name.size() == option.size() && (protected_fields & bit(f.id)) == 0 &&
            iequals(f.name, option))
          f.hop_by_hop = true;
    });
  }
}

template <class Head>
head_error read_field(const field& f, Head& head, facts& known) noexcept {
  switch (f.id) {
  case known_field::content_length:
    if (head.content_length >= 0)
      return head_error::duplicate_content_length;
    return parse_content_length(f.value, head.content_length);
  case known_field::transfer_encoding:
    if (head.chunked)
      return head_error::duplicate_transfer_encoding;
    if (f.value.empty())
      return head_error::bad_transfer_encoding;
    if (!iequals(f.value, "chunked"))
      return head_error::unsupported_transfer_coding;
    head.chunked = true;
    return head_error::none;
  case known_field::connection:
    return read_connection(f.value, known);
  default:
    return head_error::none;
  }
}

template <class Head>
head_error parse_all(const char* p, const char* end, const head_limits& limits,
                     Head& head) noexcept {
  const std::size_t max_fields = std::min(limits.max_fields, field_list::capacity);
  facts known;
  while (*p != '\r') {
    if (is_space(*p))
      return head_error::line_folding;
    const char* colon = detail::find_token_end(p, end);
    if (colon == p || *colon != ':')
      return head_error::bad_field_name;
    const char* value = colon + 1;
    while (is_space(*value))
      ++value;
    const char* stop = detail::find_control(value, end);
    if (*stop != '\r')
      return head_error::bad_field_value;
    if (stop[1] != '\n')
      return head_error::bare_line_ending;
    const char* last = stop;
    while (last > value && is_space(last[-1]))
      --last;
    if (head.fields.size() >= max_fields)
      return head_error::too_many_fields;
    const std::string_view name = view(p, colon);
    const known_field id = identify_field(name);
    const field& f =
        head.fields.push_back(name, view(value, last), id, (hop_by_hop_fields & bit(id)) != 0);
    if (const head_error e = read_field(f, head, known); e != head_error::none)
      return e;
    p = stop + 2;
  }
  if (p + 2 != end) // a CR at the start of a line that is not the empty line
    return head_error::bare_line_ending;
  if (head.chunked && head.content_length >= 0)
    return head_error::length_and_transfer_encoding;
  if (head.chunked && head.minor == 0)
    return head_error::transfer_encoding_in_http10;
  head.keep_alive = !known.close && (head.minor == 1 || known.keep_alive);
  head.upgrade = known.upgrade && head.fields.has(known_field::upgrade);
  if (known.names)
    mark_named_fields(head.fields);
  return head_error::none;
}

} // namespace

head_error detail::parse_fields(const char* p, const char* end, const head_limits& limits,
                                request_head& head) noexcept {
  return parse_all(p, end, limits, head);
}

head_error detail::parse_fields(const char* p, const char* end, const head_limits& limits,
                                response_head& head) noexcept {
  return parse_all(p, end, limits, head);
}

bool list_contains(std::string_view list, std::string_view token) noexcept {
  bool found = false;
  for_each_element(list, [&](std::string_view element) { found |= iequals(element, token); });
  return found;
}

} // namespace synapse::http
