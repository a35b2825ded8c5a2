#include "config/values/values.hpp"

#include "config/backend_types.hpp"
#include "config/text/config_error.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cmath>
#include <iterator>
#include <vector>

namespace synapse::config {

namespace {

struct unit {
  std::string_view name;
  double factor;
};

/// Splits "1.5 s" into number and unit; an unknown unit or a missing number gives nothing.
std::optional<double> scaled(std::string_view text, std::span<const unit> units) {
  const auto* const end = text.data() + text.size();
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number))
    return std::nullopt;
  std::string_view name{rest, static_cast<std::size_t>(end - rest)};
  while (!name.empty() && name.front() == ' ')
    name.remove_prefix(1);
  for (const unit& one : units) {
    if (one.name == name)
      return number * one.factor;
  }
  return std::nullopt;
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_ipv6(const std::string& text) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

/// Reads `host`, `host:port` or `[v6]:port` into `url`; returns what is wrong, "" if nothing.
std::string read_authority(std::string_view authority, backend_url& url) {
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos)
      return "has a \"[\" without \"]\"";
    url.host = authority.substr(1, close - 1);
    if (!is_ipv6(url.host))
      return "has no IPv6 address between the brackets";
    port = authority.substr(close + 1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (url.host.empty())
      return "has no host";
    if (colon != std::string_view::npos && authority.find(':', colon + 1) != std::string_view::npos)
      return "has more than one \":\" after the host; write an IPv6 address in brackets";
    if (!is_host(url.host))
      return "has a host that is neither a name nor an address";
    port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  }
  if (port.empty())
    return {};
  const auto number = parse_count(port.substr(1));
  if (port.front() != ':' || !number || *number == 0 || *number > 65535)
    return "has a port that is not between 1 and 65535";
  url.port = static_cast<std::uint16_t>(*number);
  return {};
}

} // namespace

std::string_view to_string(backend_type type) {
  return row_of(type).name;
}

std::string backend_url::authority() const {
  std::string result = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80))
    result += ":" + std::to_string(port);
  return result;
}

std::string backend_url::to_string() const {
  return (tls ? "https://" : "http://") + authority() + base_path;
}

parsed<milliseconds> parse_duration(std::string_view text) {
  static constexpr unit units[] = {
      {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  const auto value = scaled(text, units);
  if (!value)
    return parsed<milliseconds>::failure(
        "must be a duration such as 5s, 500ms, 2m or 1.5 (seconds), not " + quote(text));
  // A hundred years: far above every range, far below overflow.
  if (*value < 0 || *value > 3.2e12)
    return parsed<milliseconds>::failure(quote(text) + " is out of range for a duration");
  if (*value > 0 && *value < 1)
    return parsed<milliseconds>::failure(quote(text) + " is shorter than a millisecond");
  return milliseconds{std::llround(*value)};
}

parsed<std::uint64_t> parse_size(std::string_view text) {
  static constexpr unit units[] = {
      {"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024.0 * 1024}, {"GiB", 1024.0 * 1024 * 1024}};
  const auto value = scaled(text, units);
  if (!value || std::floor(*value) != *value)
    return parsed<std::uint64_t>::failure(
        "must be a size such as 16KiB, 32MiB or whole bytes, not " + quote(text));
  if (*value < 0 || *value > 9e15)
    return parsed<std::uint64_t>::failure(quote(text) + " is out of range for a size");
  return static_cast<std::uint64_t>(*value);
}

parsed<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end)
    return parsed<std::uint64_t>::failure("must be a whole number, not " + quote(text));
  return value;
}

parsed<double> parse_number(std::string_view text) {
  static constexpr unit units[] = {{"", 1}};
  const auto value = scaled(text, units);
  if (!value)
    return parsed<double>::failure("must be a number, not " + quote(text));
  return *value;
}

parsed<bool> parse_boolean(std::string_view text) {
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (lower == "true" || lower == "yes" || lower == "on")
    return true;
  if (lower == "false" || lower == "no" || lower == "off")
    return false;
  return parsed<bool>::failure("must be true or false, not " + quote(text));
}

parsed<backend_url> parse_url(std::string_view text) {
  const auto failure = [](const std::string& why) {
    return parsed<backend_url>::failure("the URL " + why);
  };
  backend_url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    url.port = 443;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return failure("must begin with http:// or https://");
  }
  const std::size_t authority_end = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view authority = text.substr(0, authority_end);
  std::string_view path = text.substr(authority_end);
  if (authority.find('@') != std::string_view::npos)
    return failure("must not hold a user name or password; use authorization.bearer_env");
  if (path.find_first_of("?#") != std::string_view::npos)
    return failure("must not have a query or a fragment");
  if (!std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; }))
    return failure("has a character in its path that must be percent-encoded");
  if (const std::string wrong = read_authority(authority, url); !wrong.empty())
    return failure(wrong);
  while (!path.empty() && path.back() == '/')
    path.remove_suffix(1);
  url.base_path = path;
  return url;
}

std::string host_port::to_string() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(port);
}

parsed<host_port> parse_host_port(std::string_view text) {
  backend_url url;
  url.port = 0;
  if (const std::string wrong = read_authority(text, url); !wrong.empty())
    return parsed<host_port>::failure(wrong);
  if (url.port == 0)
    return parsed<host_port>::failure("must be host:port");
  return host_port{url.host, url.port};
}

parsed<backend_type> parse_backend_type(std::string_view text) {
  std::string known;
  for (const auto& row : backend_types()) {
    if (row.name == text)
      return row.type;
    known += (known.empty() ? "" : ", ") + std::string{row.name};
  }
  return parsed<backend_type>::failure("unknown type " + quote(text) + "; known are " + known);
}

std::span<const std::string_view> backend_type_names() {
  static const auto names = [] {
    std::vector<std::string_view> all;
    for (const auto& row : backend_types())
      all.push_back(row.name);
    return all;
  }();
  return names;
}

std::string format_duration(milliseconds value) {
  const auto count = value.count();
  if (count == 0)
    return "0";
  if (count % 3'600'000 == 0)
    return std::to_string(count / 3'600'000) + "h";
  if (count % 60'000 == 0 && count > 60'000)
    return std::to_string(count / 60'000) + "m";
  if (count % 1000 == 0)
    return std::to_string(count / 1000) + "s";
  return std::to_string(count) + "ms";
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::uint64_t kib = 1024;
  static constexpr std::pair<std::uint64_t, std::string_view> units[] = {
      {kib * kib * kib, "GiB"}, {kib * kib, "MiB"}, {kib, "KiB"}};
  for (const auto& [factor, name] : units) {
    if (bytes != 0 && bytes % factor == 0)
      return std::to_string(bytes / factor) + std::string{name};
  }
  return std::to_string(bytes);
}

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 253)
    return false;
  if (text.find(':') != std::string_view::npos)
    return is_ipv6(std::string{text});
  // Underscores are not in RFC 1123, but compose files make such names.
  return text.front() != '-' && text.front() != '.' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; });
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
}

} // namespace synapse::config
