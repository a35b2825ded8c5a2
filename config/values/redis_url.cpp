#include "config/values/redis_url.hpp"

#include <algorithm>
#include <optional>

namespace synapse::config {

namespace {

/// Redis itself knows far fewer; what is larger is a slip.
constexpr std::uint64_t most_databases = 1'000'000;

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return {};
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

/// Each reads its part into `url`. @returns what is wrong, or an empty text.
std::string read_user(std::string_view text, redis_url& url) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    // redis-cli takes a lone word for the password, other clients for the user.
    return "has no colon before its @: write :password@ or user:password@";
  const auto user = percent_decoded(text.substr(0, colon));
  const auto password = percent_decoded(text.substr(colon + 1));
  if (!user || !password)
    return "has a % in its user or password that two hexadecimal digits must follow; % itself is "
           "%25";
  if (password->empty())
    return "has an empty password: leave out everything up to the @";
  url.user = *user;
  url.password = *password;
  return {};
}

std::string read_port(std::string_view text, redis_url& url) {
  const auto port = parse_count(text);
  if (!port || *port < 1 || *port > 65535)
    return "has no port between 1 and 65535 after the host";
  url.port = static_cast<std::uint16_t>(*port);
  return {};
}

std::string read_host(std::string_view text, redis_url& url) {
  std::string_view host = text;
  std::string_view behind;
  bool address = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos)
      return "has a [ without a ]";
    host = text.substr(1, end - 1);
    behind = text.substr(end + 1);
    address = true;
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    behind = text.substr(colon);
    if (behind.find(':', 1) != std::string_view::npos)
      return "has more than one colon in its host; IPv6 addresses stand in brackets";
  }
  if (host.empty())
    return "has no host";
  if (!is_host(host) || address != (host.find(':') != std::string_view::npos))
    return "has a host that is neither a name nor an address";
  if (!behind.empty() && !behind.starts_with(':'))
    return "has something between its host and its port";
  url.host = host;
  return behind.empty() ? std::string{} : read_port(behind.substr(1), url);
}

std::string read_path(std::string_view path, redis_url& url) {
  if (path.find('@') != std::string_view::npos)
    return "has a @ behind its host: in a password, / is written as %2F, ? as %3F, # as %23";
  if (path.find('?') != std::string_view::npos)
    return "has options behind a ?, and none are supported";
  if (path.find('#') != std::string_view::npos)
    return "must not have a fragment";
  if (path.empty() || path == "/")
    return {};
  const auto database = parse_count(path.substr(1));
  if (!database || *database > most_databases)
    return "has no number of a database behind its last /";
  url.database = static_cast<unsigned>(*database);
  return {};
}

} // namespace

parsed<redis_url> parse_redis_url(std::string_view text) {
  const auto failure = [](const std::string& why) {
    return parsed<redis_url>::failure("the URL " + why);
  };
  redis_url url;
  if (text.starts_with("rediss://")) {
    url.tls = true;
    text.remove_prefix(9);
  } else if (text.starts_with("redis://")) {
    text.remove_prefix(8);
  } else {
    return failure("must begin with redis:// or rediss://");
  }
  if (!is_printable(text))
    return failure("must not have control characters");
  const std::size_t authority_end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, authority_end);
  // First: an unencoded slash in a password would otherwise be blamed on the host.
  if (const std::string wrong = read_path(text.substr(authority_end), url); !wrong.empty())
    return failure(wrong);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (const std::string wrong = read_user(authority.substr(0, at), url); !wrong.empty())
      return failure(wrong);
    authority.remove_prefix(at + 1);
  }
  if (const std::string wrong = read_host(authority, url); !wrong.empty())
    return failure(wrong);
  return url;
}

std::string describe(const redis_url& url) {
  const bool address = url.host.find(':') != std::string::npos;
  return (address ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

} // namespace synapse::config
