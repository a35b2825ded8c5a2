#include "config/values/origins.hpp"

#include "config/text/config_error.hpp"

#include <algorithm>

namespace synapse::config {

namespace {
std::string in_small_letters(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

/// RFC 3986 section 3.1.
bool is_scheme(std::string_view text) {
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
                  c == '.';
         });
}
} // namespace

parsed<std::string> parse_origin(std::string_view text) {
  using result = parsed<std::string>;
  if (text.find('*') != std::string_view::npos)
    return result::failure("must name each origin by itself: with \"*\" any page that somebody "
                           "visits could use the gateway");
  const auto lower = in_small_letters(text);
  const auto colon = lower.find("://");
  if (colon == std::string::npos || !is_scheme(std::string_view{lower}.substr(0, colon)))
    return result::failure("must be an origin such as https://chat.example.org, not " +
                           quote(text));
  const auto scheme = lower.substr(0, colon);
  auto rest = std::string_view{lower}.substr(colon + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const bool bracketed = rest.starts_with('[');
  const auto host_end = bracketed ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (host_end == std::string_view::npos ||
      !is_host(bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end)))
    return result::failure("has no valid host");
  const auto host = rest.substr(0, host_end + (bracketed ? 1 : 0));
  const auto behind = rest.substr(host.size());
  if (behind.empty())
    return scheme + "://" + std::string{host};
  const auto port =
      behind.front() == ':' ? parse_count(behind.substr(1)) : parsed<std::uint64_t>::failure({});
  if (!port || *port == 0 || *port > 65535)
    return result::failure("has no valid port");
  const bool standard = (scheme == "https" && *port == 443) || (scheme == "http" && *port == 80);
  return scheme + "://" + std::string{host} + (standard ? "" : ":" + std::to_string(*port));
}

} // namespace synapse::config
