#include "bench/http_scan.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace synapse::bench {

namespace {

constexpr std::size_t max_head = 64 * 1024;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_text(std::string_view a, std::string_view lower_case) {
  return a.size() == lower_case.size() && std::equal(a.begin(), a.end(), lower_case.begin(),
                                                     [](char x, char y) { return lower(x) == y; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{})
    return std::nullopt;
  return value;
}

bool read_framing_field(std::string_view name, std::string_view value, body_framing& framing) {
  if (same_text(name, "content-length")) {
    framing.content_length = leading_number(value);
    return framing.content_length.has_value();
  }
  if (same_text(name, "transfer-encoding"))
    framing.chunked = same_text(value, "chunked");
  else if (same_text(name, "connection"))
    framing.close = same_text(value, "close");
  return true;
}

/// Splits the head into its first line and its fields; `field` returns false to refuse one.
template <class FirstLine, class Field>
scan_result scan_head(std::string_view bytes, std::size_t& size, FirstLine first, Field field) {
  const auto end = bytes.substr(0, max_head).find("\r\n\r\n");
  if (end == std::string_view::npos)
    return bytes.size() >= max_head ? scan_result::malformed : scan_result::need_more;
  size = end + 4;
  const auto line_end = bytes.find("\r\n");
  if (!first(bytes.substr(0, line_end)))
    return scan_result::malformed;
  std::string_view rest = bytes.substr(line_end + 2, end - line_end);
  while (rest.size() >= 2) {
    const auto stop = rest.find("\r\n");
    if (stop == std::string_view::npos)
      break;
    const std::string_view line = rest.substr(0, stop);
    rest.remove_prefix(stop + 2);
    if (line.empty())
      continue;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return scan_result::malformed;
    if (!field(line.substr(0, colon), trimmed(line.substr(colon + 1))))
      return scan_result::malformed;
  }
  return scan_result::done;
}

/// The text behind `"name"`, blanks and a colon.
std::optional<std::string_view> json_value(std::string_view json, std::string_view name) {
  for (auto at = json.find(name); at != std::string_view::npos; at = json.find(name, at + 1)) {
    const auto after = at + name.size();
    if (at == 0 || json[at - 1] != '"' || after >= json.size() || json[after] != '"')
      continue;
    const auto colon = json.find_first_not_of(" \t\r\n", after + 1);
    if (colon == std::string_view::npos || json[colon] != ':')
      continue;
    const auto value = json.find_first_not_of(" \t\r\n", colon + 1);
    if (value == std::string_view::npos)
      return std::nullopt;
    return json.substr(value);
  }
  return std::nullopt;
}

} // namespace

scan_result scan_response_head(std::string_view bytes, response_head& head) {
  head = {};
  return scan_head(
      bytes, head.size,
      [&](std::string_view line) {
        if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ')
          return false;
        if (line[7] == '0')
          head.framing.close = true;
        head.status = static_cast<int>(leading_number(line.substr(9, 3)).value_or(0));
        return head.status >= 100;
      },
      [&](std::string_view name, std::string_view value) {
        return read_framing_field(name, value, head.framing);
      });
}

scan_result scan_request_head(std::string_view bytes, request_head& head) {
  head = {};
  return scan_head(
      bytes, head.size,
      [&](std::string_view line) {
        const auto first = line.find(' ');
        const auto last = line.rfind(' ');
        if (first == std::string_view::npos || last <= first + 1)
          return false;
        head.method = line.substr(0, first);
        const std::string_view target = line.substr(first + 1, last - first - 1);
        const auto mark = target.find('?');
        head.path = target.substr(0, mark);
        if (mark != std::string_view::npos)
          head.query = target.substr(mark + 1);
        const std::string_view version = line.substr(last + 1);
        head.framing.close = version == "HTTP/1.0";
        return version.starts_with("HTTP/1.");
      },
      [&](std::string_view name, std::string_view value) {
        if (same_text(name, "x-bench-stream"))
          head.wants_stream = value == "1";
        return read_framing_field(name, value, head.framing);
      });
}

std::optional<std::uint64_t> query_number(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto stop = query.find('&');
    const std::string_view pair = query.substr(0, stop);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return leading_number(pair.substr(name.size() + 1));
    query = stop == std::string_view::npos ? std::string_view{} : query.substr(stop + 1);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> json_number(std::string_view json, std::string_view name) {
  const auto value = json_value(json, name);
  return value ? leading_number(*value) : std::nullopt;
}

std::optional<std::uint64_t> json_text_number(std::string_view json, std::string_view name) {
  const auto value = json_value(json, name);
  return value && value->starts_with('"') ? leading_number(value->substr(1)) : std::nullopt;
}

bool json_true(std::string_view json, std::string_view name) {
  const auto value = json_value(json, name);
  return value && value->starts_with("true");
}

std::size_t chunk_decoder::feed(std::string_view bytes, std::string& out) {
  return feed(bytes, [&out](std::string_view payload) { out.append(payload); });
}

std::size_t chunk_decoder::feed(std::string_view bytes, const sink& take) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != state::done && state_ != state::failed) {
    if (state_ == state::data) {
      const auto size = std::min<std::uint64_t>(left_, bytes.size() - at);
      take(bytes.substr(at, size));
      at += size;
      left_ -= size;
      if (left_ == 0)
        state_ = state::data_cr;
      continue;
    }
    const char c = bytes[at++];
    switch (state_) {
    case state::size:
      state_ = take_size_byte(c);
      break;
    case state::extension:
      state_ = c == '\r' ? state::size_lf : state::extension;
      break;
    case state::size_lf:
      state_ = c != '\n' ? state::failed : left_ == 0 ? state::trailer : state::data;
      digits_ = 0;
      break;
    case state::data_cr:
      state_ = c == '\r' ? state::data_lf : state::failed;
      break;
    case state::data_lf:
      state_ = c == '\n' ? state::size : state::failed;
      break;
    case state::trailer:
      state_ = take_trailer_byte(c);
      break;
    default:
      break;
    }
  }
  return failed() ? 0 : at;
}

chunk_decoder::state chunk_decoder::take_size_byte(char c) {
  if (c == '\r' || c == ';')
    return digits_ == 0 ? state::failed : c == ';' ? state::extension : state::size_lf;
  const char l = lower(c);
  const bool digit = l >= '0' && l <= '9';
  if ((!digit && (l < 'a' || l > 'f')) || ++digits_ > 15)
    return state::failed;
  left_ = left_ * 16 + static_cast<unsigned>(digit ? l - '0' : l - 'a' + 10);
  return state::size;
}

chunk_decoder::state chunk_decoder::take_trailer_byte(char c) {
  if (c == '\n')
    return std::exchange(trailer_line_empty_, true) ? state::done : state::trailer;
  if (c != '\r')
    trailer_line_empty_ = false;
  return state::trailer;
}

} // namespace synapse::bench
